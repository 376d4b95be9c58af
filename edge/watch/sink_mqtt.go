package watch

// The sink mqtt, which publishes events.

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"trawl/edge/escape"
	"trawl/edge/template"
)

// MQTTOptions of a sink.
type MQTTOptions struct {
	Broker MQTTBroker
	Topic  template.Template
	Text   template.Template // payload; empty: the event as JSON
	Retain bool
	Line   bool // JSON has the whole record
}

const (
	// MQTTBatch is how many messages are in flight at most.
	MQTTBatch     = 100
	mqttPublished = 20 * time.Second // for a batch to be acknowledged
	maxTopicLevel = 255              // bytes of a value in a topic
	maxTopic      = 65535            // bytes, MQTT 3.1.1, section 1.5.3
	maxPayload    = 256 << 10
)

// MQTTSink publishes with QoS 1: an event is delivered by the broker's acknowledgement.
type MQTTSink struct {
	o      MQTTOptions
	client mqtt.Client // nil: there is no connection
}

// NewMQTTSink checks the password file. It does not connect yet.
func NewMQTTSink(o MQTTOptions) (*MQTTSink, error) {
	if o.Broker.PasswordFile != "" {
		if _, err := Secret(o.Broker.PasswordFile); err != nil {
			return nil, err
		}
	}
	return &MQTTSink{o: o}, nil
}

// Send publishes all events and waits for their acknowledgements.
func (s *MQTTSink) Send(ctx context.Context, events []*Event) (int, error) {
	if err := s.connect(ctx); err != nil {
		return 0, err
	}
	tokens := make([]mqtt.Token, 0, len(events))
	for _, e := range events {
		topic, err := s.topic(e)
		if err != nil {
			if len(tokens) == 0 {
				return 0, &RefusedError{err}
			}
			break // earlier events first
		}
		tokens = append(tokens, s.client.Publish(topic, 1, s.o.Retain, s.payload(e)))
	}
	limited, cancel := context.WithTimeout(ctx, mqttPublished)
	defer cancel()
	for i, t := range tokens {
		if err := wait(limited, t, mqttPublished); err != nil {
			s.disconnect() // messages in flight are sent again on the next connection
			if ctx.Err() == nil && limited.Err() != nil {
				err = errNoAnswer
			}
			return i, fmt.Errorf("mqtt: %w", err)
		}
	}
	if len(tokens) < len(events) {
		_, err := s.topic(events[len(tokens)])
		return len(tokens), &RefusedError{err}
	}
	return len(tokens), nil
}

func (s *MQTTSink) connect(ctx context.Context) error {
	if s.client != nil && s.client.IsConnectionOpen() {
		return nil
	}
	s.disconnect()
	o, err := s.o.Broker.options(func(error) {})
	if err != nil {
		return err
	}
	s.client, _, err = connect(ctx, o.SetCleanSession(true))
	return err
}

func (s *MQTTSink) disconnect() {
	if s.client != nil {
		s.client.Disconnect(mqttDisconnect)
		s.client = nil
	}
}

// topic fills the topic in.
func (s *MQTTSink) topic(e *Event) (string, error) {
	topic, _ := s.o.Topic.Append(nil, e.Field, appendLevel)
	if len(topic) > maxTopic {
		return "", fmt.Errorf("a topic of %d bytes", len(topic))
	}
	return string(topic), nil
}

// appendLevel appends a value as a part of one level of a topic: a value can neither begin
// another level nor be a wildcard.
func appendLevel(dst, value []byte) []byte {
	value, _ = cut(value, maxTopicLevel)
	if len(value) == 0 {
		return append(dst, '_')
	}
	for _, c := range strings.ToValidUTF8(string(value), "_") {
		if c == '/' || c == '+' || c == '#' || c == '$' || c == ' ' || escape.Hidden(c) || c == utf8.RuneError {
			c = '_'
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst
}

func (s *MQTTSink) payload(e *Event) []byte {
	if text, ok := s.o.Text.Literal(); ok && text == "" {
		return e.AppendJSON(nil, s.o.Line)
	}
	return []byte(fillText(s.o.Text, e, appendText, maxPayload))
}

// Preview shows topic and payload.
func (s *MQTTSink) Preview(e *Event) string {
	topic, err := s.topic(e)
	if err != nil {
		return "not published: " + err.Error()
	}
	return topic + " " + string(s.payload(e))
}

// Close ends the connection.
func (s *MQTTSink) Close() error {
	s.disconnect()
	return nil
}
