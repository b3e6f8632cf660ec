package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/view"
)

// passwordVariable has the password of files of keys that are encrypted.
const passwordVariable = "WIRETALE_PASSWORD"

// loadKeys reads the files of --keys. Passwords come from a file, from the environment, or are asked for: whoever lists processes sees arguments.
func (a *app) loadKeys() error {
	if len(a.keys) == 0 {
		return nil
	}
	a.secrets = &secrets.Store{Ask: a.askPassword()}
	for _, path := range a.passwordFiles {
		list, err := passwords(path)
		if err != nil {
			return usage("a file with a password a line", "--password-file: %w", err)
		}
		a.secrets.Passwords = append(a.secrets.Passwords, list...)
	}
	if p, set := os.LookupEnv(passwordVariable); set {
		a.secrets.Passwords = append(a.secrets.Passwords, p)
	}
	for _, path := range a.keys {
		if err := a.secrets.Load(path); err != nil {
			return usage("a private key (PEM, DER or PKCS#12), a key log of TLS, or keys of SMB3; passwords: --password-file, or "+passwordVariable+" in the environment", "--keys: %w", err)
		}
	}
	return nil
}

// maxPassword bounds a password in bytes.
const maxPassword = 4096

// passwords are the lines of a file.
func passwords(path string) (list []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxPassword)
	for lines.Scan() {
		list = append(list, strings.TrimSuffix(lines.Text(), "\r"))
	}
	return list, lines.Err()
}

// askPassword asks on the terminal, nil when there is none.
func (a *app) askPassword() func(name string, again bool) (string, bool) {
	tty := terminal(a.stdin)
	if tty == nil || terminal(a.stderr) == nil {
		return nil
	}
	return func(name string, again bool) (string, bool) {
		if again {
			fmt.Fprintln(a.stderr, "wiretale: that does not open it")
		}
		fmt.Fprintf(a.stderr, "Password of %s: ", name)
		b, err := term.ReadPassword(int(tty.Fd()))
		fmt.Fprintln(a.stderr)
		return string(b), err == nil
	}
}

// locked says on stderr what the keys opened, and what they did not, for commands whose output has no place for it.
func (a *app) locked(c *engine.Case) error {
	if a.quiet || a.secrets == nil && !a.verbose {
		return nil
	}
	if err := a.out.Flush(); err != nil {
		return err
	}
	for _, src := range c.Sources {
		for _, line := range slices.Concat(view.Locks(src), view.Accounts(src, a.verbose)) {
			fmt.Fprintf(a.stderr, "wiretale: %s: %s\n", src.Info.Name, line)
		}
	}
	return nil
}

// explainTLS says on stderr what was decided of the keys of each session.
func (a *app) explainTLS(c *engine.Case) error {
	if !a.explain || c == nil {
		return nil
	}
	if err := a.out.Flush(); err != nil {
		return err
	}
	for _, src := range c.Sources {
		for _, line := range view.Explained(src) {
			fmt.Fprintln(a.stderr, line)
		}
	}
	return nil
}
