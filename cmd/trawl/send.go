package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"trawl/edge/client"
	"trawl/edge/files"
	"trawl/edge/mask"
	"trawl/edge/wire"
)

func (a *app) sendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send [TEXT…]",
		Short: "Send one request to a broker and print the answer as JSON",
		Long: `Send one request to a broker and print the answer as JSON: one line for each
text. Without a TEXT, or for -, the text is read from standard input. Of several
brokers the first that is up is asked, and another one when it goes away.`,
		Example: `  trawl send "this here is history"
  trawl send --worker pi3 --want count < /var/log/syslog`,
	}
	bind(cmd, append([]string{"log.level", "log.format"}, clientSettings...)...)
	f := cmd.Flags()
	h := wire.NewRequestHeader()
	f.StringVar(&h.Rules, "rules", h.Rules, "rule set to match against: NAME or NAME@HASH")
	f.StringVar(&h.Worker, "worker", "", "name of the one worker that must do it")
	f.IntVar(&h.Limit, "limit", h.Limit, "most matches per text; 0: as many as the broker's limits allow")
	f.IntVar(&h.Priority, "priority", h.Priority, "0 (last) to 9 (first)")
	f.BoolVar(&h.Lines, "lines", false, "each line of a text is a text of its own")
	want := f.String("want", "matches", "what to tell: "+strings.Join(wire.WantNames(), ", "))
	completes(cmd, "want", wire.WantNames()...)
	fields := f.StringSlice("fields", nil, "extra fields for each match: "+strings.Join(wire.FieldNames(), ", "))
	completes(cmd, "fields", wire.FieldNames()...)
	style := f.String("mask", h.Mask.String(), "with --want masked: what stands for a match, stars or rule")
	completes(cmd, "mask", mask.StyleNames()...)
	placeholder(f, "mask", "HOW")
	for flag, name := range map[string]string{"rules": "SET", "worker": "NAME", "want": "WHAT", "fields": "FIELDS", "limit": "NUMBER", "priority": "NUMBER"} {
		placeholder(f, flag, name)
	}
	once := f.Bool("no-retry", false, "do not ask another broker when the connection is lost: the request must not be done twice")
	asHeader := f.Bool("header", false, "print the answer's header too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.settings(cmd)
		if err != nil {
			return err
		}
		h.Deadline = c.Client.Timeout
		if h.Want, err = wire.ParseWant(*want); err != nil {
			return usage(cmd, "--want: "+err.Error())
		}
		if h.Mask, err = mask.ParseStyle(*style); err != nil {
			return usage(cmd, "--mask: "+err.Error())
		}
		if h.Fields, err = wire.ParseFields(*fields); err != nil {
			return usage(cmd, "--fields: "+err.Error())
		}
		if _, err := wire.ParseRequestHeader(h.Append(nil)); err != nil {
			return usage(cmd, wire.AsError(err).Message)
		}
		texts, err := a.texts(args)
		if err != nil {
			return err
		}
		conn, err := a.connect(c)
		if err != nil {
			return err
		}
		defer conn.Close()
		answer, err := conn.Do(cmd.Context(), &client.Request{Header: h, Texts: texts, NoRetry: *once})
		if err != nil {
			return a.failed(err)
		}
		defer answer.Release()
		if *asHeader {
			a.printJSON(answer.Header.Append(nil))
		}
		for _, r := range answer.Results {
			a.printData(append(r[:len(r):len(r)], '\n'))
		}
		return nil
	}
	return cmd
}

// failed prints an error answer as the JSON that came, and leaves the rest to
// explain.
func (a *app) failed(err error) error {
	var e *wire.Error
	if errors.As(err, &e) {
		head := wire.AnswerHeader{Error: e}
		a.printJSON(head.Append(nil))
	}
	return explain(err)
}

// maxSent is the largest text that a broker can be configured to take, in bytes.
const maxSent = 1 << 30

// texts are the arguments, or standard input.
func (a *app) texts(args []string) ([][]byte, error) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	var texts [][]byte
	for _, arg := range args {
		if arg != "-" {
			texts = append(texts, []byte(arg))
			continue
		}
		b, err := files.ReadAll(a.in, "standard input", maxSent)
		if errors.Is(err, files.ErrTooLarge) {
			return nil, errors.New("the text on standard input is larger than 1 GiB, which no broker takes; use trawl scan")
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, []byte(strings.TrimSuffix(string(b), "\n")))
	}
	return texts, nil
}
