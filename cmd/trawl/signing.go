package main

// Signing keys: made by keygen --sign, read by the commands that sign releases.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"trawl/edge/board"
	"trawl/edge/release"
)

// keygenSign makes a key pair that signs releases.
func (a *app) keygenSign(folder, name string, plain bool) error {
	free := board.ReadHealth().Available
	passphrase := ""
	if !plain {
		if err := release.CheckPassphraseMemory(free); err != nil {
			return err
		}
		var err error
		if passphrase, err = a.newPassphrase(); err != nil {
			return err
		}
	}
	path := filepath.Join(folder, name)
	id, public, err := release.GenerateKey(path, passphrase, free)
	if err != nil {
		return err
	}
	a.printf("%s.sec: key %s, keep it secret; whoever has it can change the rules of your workers\n%s.pub: %s\n", path, id, path, public)
	return nil
}

// newPassphrase asks for a passphrase, on a terminal twice.
func (a *app) newPassphrase() (string, error) {
	first, err := a.askPassphrase("passphrase for the signing key: ")
	switch {
	case err != nil:
		return "", err
	case first == "":
		return "", errors.New("an empty passphrase protects nothing: give one, or say --no-passphrase")
	case !isTerminal(a.in):
		return first, nil
	}
	second, err := a.askPassphrase("once more: ")
	if err == nil && second != first {
		err = errors.New("the two passphrases differ: run the command again")
	}
	return first, err
}

// maxPassphrase bounds a passphrase that is read from a pipe.
const maxPassphrase = 1 << 10

// askPassphrase reads a line: on a terminal without showing the line, else from standard input.
func (a *app) askPassphrase(prompt string) (string, error) {
	if f, ok := a.in.(*os.File); ok && isTerminal(a.in) {
		fmt.Fprint(a.err, prompt)
		line, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.err)
		return string(line), err
	}
	line, err := bufio.NewReaderSize(a.in, maxPassphrase).ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("the passphrase on standard input is longer than %d bytes", maxPassphrase)
	case len(line) == 0:
		return "", errors.New("a passphrase is needed: run this in a terminal, or give the passphrase on standard input")
	}
	return string(bytes.TrimRight(line, "\r\n")), nil
}

// readSigningKey reads a key of keygen --sign or of minisign.
func (a *app) readSigningKey(path string) (*release.SecretKey, error) {
	ask := func() (string, error) { return a.askPassphrase("passphrase of " + filepath.Base(path) + ": ") }
	key, err := release.ReadSecretKey(path, ask, board.ReadHealth().Available)
	if err != nil {
		return nil, err
	}
	return &key, nil
}

// signer returns the key of --key; nil for --unsigned.
func (a *app) signer(path string, unsigned bool) (*release.SecretKey, error) {
	switch {
	case unsigned && path != "":
		return nil, errors.New("--key and --unsigned exclude each other")
	case unsigned:
		return nil, nil
	case path == "":
		return nil, errors.New("a release is signed: give --key NAME.sec (trawl keygen --sign NAME makes one); --unsigned is for workers with trust: none on this machine")
	}
	return a.readSigningKey(path)
}

// userName is who makes a release, unless --by says another name.
func userName(env []string) string {
	for _, e := range env {
		if name, ok := strings.CutPrefix(e, "USER="); ok && len(name) <= release.MaxBy {
			return name
		}
	}
	return ""
}
