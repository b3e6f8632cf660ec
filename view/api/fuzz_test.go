package api

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
)

// FuzzAsk: any address is understood, or refused with what is wrong with it and a status that says that the client is to blame; what is understood has a
// canonical form, which means the same and is canonical.
func FuzzAsk(f *testing.F) {
	for _, seed := range [...][2]string{
		{"report", ""}, {"timeline", "conversation=12&offset=100&limit=10"}, {"ladder", "conversation=1&conversation=2"}, {"plot", "kind=tcptrace&direction=a&from=0.5&to=1e3"},
		{"io", "filter=tcp&filter=udp&interval=0.1&unit=bits"}, {"conversations", "sort=bytes&desc=1&q=a%00b"}, {"follow", "form=hex&conversation=-1"}, {"requests", "limit=1001"},
		{"processes", "sort=none"}, {"plot", "from=1e309"}, {"timeline", "conversation=1&process=2"}, {"compare", "slow=0&good=1"}, {"recipe", "finding=tcp.rto%400:17"}, {"nothing", ""},
		{"story", "conversation=99999999999999999999"}, {"plot", "columns=0&from=NaN"}, {"ladder", "filter=tcp&conversation=3"}, {"report", "%zz&;"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, parameters string) {
		values, _ := url.ParseQuery(parameters) // what it can tell, as the server takes it
		key, err := Key(name, values)
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) || bad.HTTPStatus() < http.StatusBadRequest || bad.HTTPStatus() >= http.StatusInternalServerError || bad.Message == "" {
				t.Fatalf("%s?%s: %#v", name, parameters, err)
			}
			return
		}
		at, err := url.Parse(key)
		if err != nil {
			t.Fatalf("%s?%s has the key %q: %v", name, parameters, key, err)
		}
		if again, err := Key(at.Path, at.Query()); err != nil || again != key {
			t.Fatalf("%s?%s has the key %q, and that one %q (%v)", name, parameters, key, again, err)
		}
	})
}
