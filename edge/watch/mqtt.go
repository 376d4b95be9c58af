package watch

// Connections to a broker of MQTT, for the source and the sink.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// MQTTBroker is the address of a broker with our credentials.
type MQTTBroker struct {
	URL          string // mqtt://HOST:PORT or mqtts://HOST:PORT
	User         string
	PasswordFile string // empty: there is none
	ClientID     string
}

const (
	mqttKeepAlive  = 10 * time.Second
	mqttConnect    = 10 * time.Second // for a connection to be there
	mqttWrite      = 3 * time.Second
	mqttDisconnect = 250 // milliseconds
)

// options are for a single connection. Reconnecting is off in the library, which would keep
// messages for the next connection; the queues here do so already.
func (b *MQTTBroker) options(lost func(error)) (*mqtt.ClientOptions, error) {
	o := mqtt.NewClientOptions().AddBroker(b.URL).SetClientID(b.ClientID).SetUsername(b.User).
		SetAutoReconnect(false).SetConnectRetry(false).
		SetKeepAlive(mqttKeepAlive).SetPingTimeout(mqttKeepAlive).
		SetConnectTimeout(mqttConnect).SetWriteTimeout(mqttWrite).
		SetTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost(err) })
	if b.PasswordFile == "" {
		return o, nil
	}
	password, err := Secret(b.PasswordFile)
	if err != nil {
		return nil, err
	}
	return o.SetPassword(password), nil
}

// wait waits for a token.
func wait(ctx context.Context, t mqtt.Token, within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-timer.C:
		return errNoAnswer
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errNoAnswer = errors.New("the broker does not answer")

// connect makes a connection.
func connect(ctx context.Context, o *mqtt.ClientOptions) (client mqtt.Client, resumed bool, err error) {
	client = mqtt.NewClient(o)
	t := client.Connect()
	if err := wait(ctx, t, mqttConnect+mqttWrite); err != nil {
		client.Disconnect(0)
		return nil, false, fmt.Errorf("mqtt: %w", err)
	}
	token, ok := t.(*mqtt.ConnectToken)
	return client, ok && token.SessionPresent(), nil
}
