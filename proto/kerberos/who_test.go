package kerberos_test

import (
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/kerberos"
)

func TestWhoAndTerms(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{asked, "'ann' [{kerberos.ENCTYPE 18} {kerberos.ENCTYPE 18446744073709551483}]"},
		{required, "'' []"},
		{failed(37, ""), "'' [{kerberos.stime 1624354060}]"},
	} {
		var turn proto.Turn
		if !kerberos.Datagram.Turn([]byte(c.bytes), &turn) {
			t.Fatal("no turn")
		}
		if got := fmt.Sprintf("'%s' %v", turn.Who, turn.Terms); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
