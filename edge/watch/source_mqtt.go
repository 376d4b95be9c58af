package watch

// The source mqtt, which subscribes to topics.

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// MQTTSourceOptions of a source.
type MQTTSourceOptions struct {
	Broker   MQTTBroker // with a lasting ClientID, so that the broker keeps messages meanwhile
	Topics   []string
	Retained bool // retained messages are taken, too
	Fresh    bool // the broker keeps nothing for us: ClientID is for this run only
	Log      *slog.Logger
}

const (
	maxMessage       = 1 << 20 // bytes of a payload; a longer payload is cut
	firstMQTTPause   = time.Second
	lastMQTTPause    = time.Minute
	mqttSourceBatch  = 64
	mqttSubscription = 10 * time.Second // for SUBACK
)

// MQTTSource takes messages with QoS 1 and acknowledges a message when its events are safe.
// A broker keeps unacknowledged messages, and stops sending after some: mosquitto after 20.
type MQTTSource struct {
	health
	o    MQTTSourceOptions
	in   *inbox
	run  string
	next atomic.Uint64
}

// NewMQTTSource checks the password file. It does not connect yet.
func NewMQTTSource(o MQTTSourceOptions) (*MQTTSource, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Broker.PasswordFile != "" {
		if _, err := Secret(o.Broker.PasswordFile); err != nil {
			return nil, err
		}
	}
	s := &MQTTSource{o: o, in: newInbox(), run: newRun()}
	if o.Fresh {
		s.o.Broker.ClientID += "-" + s.run
	}
	return s, nil
}

// Run hands over messages until ctx ends.
func (s *MQTTSource) Run(ctx context.Context, take func(*Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.connections(ctx)
	}()
	err := s.in.each(ctx, mqttSourceBatch, take)
	cancel()
	<-ended
	return err
}

// connections keeps a connection up until ctx ends.
func (s *MQTTSource) connections(ctx context.Context) {
	pause := firstMQTTPause
	for number := uint64(1); ; number++ {
		began := time.Now()
		err := s.connection(ctx, number)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > lastMQTTPause {
			pause = firstMQTTPause
		}
		if s.set(err.Error()) {
			s.o.Log.Warn("the broker of MQTT is away", "broker", s.o.Broker.URL, "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastMQTTPause)
	}
}

// connection takes messages on a connection until the connection is lost or ctx ends.
func (s *MQTTSource) connection(ctx context.Context, number uint64) error {
	// The library's goroutines may wait in the handler, and must stop waiting when
	// the connection is ended.
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	lost := make(chan error, 1)
	o, err := s.o.Broker.options(func(err error) { lost <- err; stop() })
	if err != nil {
		return err
	}
	o.SetCleanSession(s.o.Fresh).SetAutoAckDisabled(true)
	// Messages of the session before come as soon as there is a connection.
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { s.message(receiving, number, m) })
	client, resumed, err := connect(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		client.Disconnect(mqttDisconnect)
	}()
	if resumed { // the broker sends unacknowledged messages again
		s.in.drop(func(r *received) bool { return r.ack != nil && r.connection < number })
	}
	filters := make(map[string]byte, len(s.o.Topics))
	for _, topic := range s.o.Topics {
		filters[topic] = 1
	}
	t := client.SubscribeMultiple(filters, nil)
	if err := wait(ctx, t, mqttSubscription); err != nil {
		return fmt.Errorf("mqtt: subscribe: %w", err)
	}
	if subscribed, ok := t.(*mqtt.SubscribeToken); ok {
		for topic, code := range subscribed.Result() {
			if code == 0x80 { // MQTT 3.1.1, section 3.9.3
				return fmt.Errorf("mqtt: the broker refuses the subscription to %q: see to the user's rights", topic)
			}
		}
	}
	s.set("")
	s.o.Log.Info("connected to the broker of MQTT", "broker", s.o.Broker.URL)
	select {
	case err := <-lost:
		return fmt.Errorf("mqtt: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// message takes a message in; the library waits meanwhile.
func (s *MQTTSource) message(ctx context.Context, connection uint64, m mqtt.Message) {
	// A kept session may have subscriptions of an older configuration.
	wanted := slices.ContainsFunc(s.o.Topics, func(filter string) bool { return topicMatches(filter, m.Topic()) })
	if !wanted || m.Retained() && !s.o.Retained {
		m.Ack()
		return
	}
	labels := make(map[string]string, 1)
	setLabel(labels, "topic", m.Topic())
	payload := m.Payload()
	r := received{connection: connection}
	r.Text = bytes.Clone(payload[:min(len(payload), maxMessage)])
	r.Record.Cut = len(payload) > maxMessage
	r.Labels = labels
	r.Redelivered = m.Duplicate()
	r.Place = s.run + "/" + strconv.FormatUint(s.next.Add(1), 10)
	if m.Qos() > 0 {
		r.ack = m.Ack
	}
	s.in.put(ctx, r)
}

// topicMatches reports whether a subscription is for a topic (MQTT 3.1.1, section 4.7).
func topicMatches(filter, topic string) bool {
	if rest, ok := strings.CutPrefix(filter, "$share/"); ok {
		_, filter, _ = strings.Cut(rest, "/")
	}
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		if filter == "#" {
			return true
		}
		want, moreFilter, hasFilter := strings.Cut(filter, "/")
		level, moreTopic, hasTopic := strings.Cut(topic, "/")
		switch {
		case want != "+" && want != level:
			return false
		case !hasTopic:
			return !hasFilter || moreFilter == "#"
		case !hasFilter:
			return false
		}
		filter, topic = moreFilter, moreTopic
	}
}

// Close: connections have ended with Run.
func (s *MQTTSource) Close() error { return nil }
