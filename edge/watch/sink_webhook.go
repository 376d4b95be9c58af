package watch

// The sink webhook, which posts events over HTTP.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"trawl/edge/escape"
	"trawl/edge/files"
	"trawl/edge/template"
	"trawl/edge/wire"
)

// WebhookOptions of a sink.
type WebhookOptions struct {
	Format  string            // json, ntfy or slack
	URL     template.Template // names after the host only
	Text    template.Template // of ntfy and slack
	Title   template.Template // of ntfy
	Headers []Header
	// TokenFile has a secret for the header Authorization: Bearer; empty: there is none.
	TokenFile string
	Timeout   time.Duration // of one request; 0: 10 s
	Line      bool          // JSON has the whole record
}

// Header is a header field of each request.
type Header struct {
	Name  string
	Value template.Template
}

// Most bytes of a text by format, below the limits of the services: ntfy makes a file of more
// than 4,096 bytes, and Discord refuses more than 2,000 characters.
const (
	maxNtfy        = 3900
	maxSlack       = 1900
	maxTitle       = 200
	maxHeader      = 1000
	maxURLValue    = 500
	maxToken       = 8 << 10
	maxResponse    = 64 << 10
	webhookTimeout = 10 * time.Second
)

// Webhook posts events, one request each.
type Webhook struct {
	o      WebhookOptions
	client *http.Client
	token  string
}

// NewWebhook reads the token, if TokenFile is set.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	if o.Timeout <= 0 {
		o.Timeout = webhookTimeout
	}
	w := &Webhook{o: o}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: 30 * time.Second,
		TLSHandshakeTimeout: o.Timeout, MaxResponseHeaderBytes: maxResponse,
	}
	w.client = &http.Client{
		Transport: transport, Timeout: o.Timeout,
		// The target of a redirect would get the token and the text.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w, w.readToken()
}

func (w *Webhook) readToken() (err error) {
	if w.o.TokenFile == "" {
		return nil
	}
	w.token, err = Secret(w.o.TokenFile)
	return err
}

// Secret reads a token or password: a file of one line, not readable by others.
func Secret(path string) (string, error) {
	f, info, err := files.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info.Mode().Perm()&0o007 != 0 {
		return "", escape.Errorf("%s holds a secret and can be read by others: chmod 600 %[1]s", path)
	}
	data, err := files.ReadAll(f, path, maxToken)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", escape.Errorf("%s must hold a secret on one line, and nothing else", path)
	}
	return secret, nil
}

// Send posts the first of events.
func (w *Webhook) Send(ctx context.Context, events []*Event) (int, error) {
	req, err := w.request(ctx, events[0])
	if err != nil {
		return 0, &RefusedError{err}
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, withoutURL(req.URL.Host, err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxResponse))
	_ = resp.Body.Close()
	if err := w.judge(req.URL.Host, resp); err != nil {
		return 0, err
	}
	return 1, nil
}

// withoutURL is err without the address, which may be a secret like the address of a webhook of
// Slack is.
func withoutURL(host string, err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%s: %w", host, err)
}

// judge returns the error for a status; nil: the event is delivered.
func (w *Webhook) judge(host string, resp *http.Response) error {
	code := resp.StatusCode
	said := fmt.Errorf("%s answers %d %s", host, code, http.StatusText(code))
	switch {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return &AwayError{Err: escape.Errorf("%w: redirects are not followed; write the address that it leads to: %s", said, resp.Header.Get("Location"))}
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return &RefusedError{said}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		_ = w.readToken() // somebody may have renewed the token
		return &AwayError{Err: fmt.Errorf("%w: see to the token (token_file)", said)}
	case code == http.StatusNotFound:
		return &AwayError{Err: fmt.Errorf("%w: see to the address (url)", said)}
	}
	return &AwayError{Err: said, After: retryAfter(resp)}
}

// retryAfter reads how long to leave the sink alone (RFC 9110, section 10.2.3). A date is
// taken relative to the sender's own clock, as ours may be wrong.
func retryAfter(resp *http.Response) time.Duration {
	value := resp.Header.Get("Retry-After")
	if n, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// request makes the request for e.
func (w *Webhook) request(ctx context.Context, e *Event) (*http.Request, error) {
	address, _ := w.o.URL.Append(nil, e.Field, appendURL)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(address), strings.NewReader(w.body(e)))
	if err != nil {
		return nil, withoutURL("the address", err)
	}
	req.Header.Set("User-Agent", "trawl")
	if w.o.Format == "ntfy" {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
		req.Header.Set("Title", headerText(w.o.Title, e, maxTitle))
		if p := priority(e.Severity); p != "" {
			req.Header.Set("Priority", p)
		}
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range w.o.Headers {
		req.Header.Set(h.Name, headerText(h.Value, e, maxHeader))
	}
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	return req, nil
}

// priority is the priority of ntfy for a severity; empty: the default.
func priority(severity string) string {
	switch severity {
	case "info", "low":
		return "2"
	case "medium":
		return "3"
	case "high":
		return "4"
	case "critical":
		return "5"
	}
	return ""
}

// body returns the body of the request for e.
func (w *Webhook) body(e *Event) string {
	switch w.o.Format {
	case "ntfy":
		return fillText(w.o.Text, e, appendText, maxNtfy)
	case "slack":
		text := fillText(w.o.Text, e, appendSlack, maxSlack)
		return string(append(wire.AppendString([]byte(`{"text":`), text), '}'))
	}
	return string(e.AppendJSON(nil, w.o.Line))
}

// fillText fills t in for a person, in at most most bytes.
func fillText(t template.Template, e *Event, escape func(dst, value []byte) []byte, most int) string {
	text, _ := t.Append(nil, e.Field, func(dst, value []byte) []byte {
		value, was := cut(value, most) // before escaping, so that no escape is cut in two
		if dst = escape(dst, value); was {
			dst = append(dst, "…"...)
		}
		return dst
	})
	more := appendSuppressed(nil, e)
	if len(text)+len(more) > most {
		n := most - len(more) - len("…")
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = append(text[:n:n], "…"...)
	}
	return string(append(text, more...))
}

// appendText appends a value to a text of several lines, with hidden characters escaped.
func appendText(dst, value []byte) []byte {
	for i, line := range strings.Split(string(value), "\n") {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = escape.Text(dst, []byte(line))
	}
	return dst
}

// appendSlack is appendText for Slack and compatible services: a value cannot
// mention anybody or make links of its own (<!channel>, @everyone).
func appendSlack(dst, value []byte) []byte {
	for _, c := range string(appendText(nil, value)) {
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '@':
			dst = append(dst, "@\u200b"...)
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst
}

// appendURL appends a value as a part of a path or a query (RFC 3986): no byte of a value can
// end the part.
func appendURL(dst, value []byte) []byte {
	value, _ = cut(value, maxURLValue)
	const digits = "0123456789ABCDEF"
	dots := strings.Trim(string(value), ".") == "" // . and .. would be resolved
	for _, c := range value {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '~', c == '.' && !dots:
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// headerText fills a header field in: a line of ASCII, encoded by RFC 2047 where necessary.
func headerText(t template.Template, e *Event, most int) string {
	text, _ := t.Append(nil, e.Field, func(dst, value []byte) []byte { return append(dst, escape.Cut(value, most)...) })
	text, _ = cut(text, most)
	return mime.QEncoding.Encode("utf-8", strings.TrimSpace(escape.Line(string(text))))
}

// Preview shows the request but for the token.
func (w *Webhook) Preview(e *Event) string {
	address, _ := w.o.URL.Append(nil, e.Field, appendURL)
	return "POST " + string(address) + "\n" + w.body(e)
}

// Close ends the connection.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
