package stream

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/proto"
)

// An Account is what became of a connection that was closed to whoever has no keys.
type Account struct {
	proto.Account
	Conv int // Conversation.ID
}

// maxAccounts bounds the accounts of one Applications; those beyond are counted.
const maxAccounts = 4096

type accounts struct {
	list []Account
	more int64
}

// tell notes what became of the session of a talk.
func (a *Applications) tell(t *talk) {
	of, ok := t.session.(proto.Accountant)
	if !ok {
		return
	}
	a.tellsEnd(t)
	for _, account := range of.Accounts() {
		if len(a.accounts.list) == maxAccounts {
			a.accounts.more++
			continue
		}
		a.accounts.list = append(a.accounts.list, Account{account, t.id})
	}
}

// tellAll is the same for it and what it carries.
func (a *Applications) tellAll(t *talk) {
	for ; t != nil; t = t.inner {
		a.tell(t)
	}
}

// Renumber gives the conversations of accounts other numbers: those of one lane begin anew.
func (a *Applications) Renumber(number func(conv int) int) {
	for i := range a.accounts.list {
		a.accounts.list[i].Conv = number(a.accounts.list[i].Conv)
	}
}

// Accounts are those of several, in the order in which they begin, and how many there are beyond.
func Accounts(of ...*Applications) (list []Account, more int64) {
	for _, a := range of {
		if a != nil {
			list, more = append(list, a.accounts.list...), more+a.accounts.more
		}
	}
	slices.SortFunc(list, func(a, b Account) int { return cmp.Or(cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.Conv, b.Conv)) })
	return list, more
}

// Unlock gives what connections are opened with, in place of the secrets of the choice.
func (a *Applications) Unlock(secrets proto.Secrets) { a.secrets = secrets }
