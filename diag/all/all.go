// Package all lists every diagnosis.
package all

import (
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/app"
	"github.com/wiretale/wiretale/diag/arp"
	"github.com/wiretale/wiretale/diag/capture"
	"github.com/wiretale/wiretale/diag/dns"
	"github.com/wiretale/wiretale/diag/fw"
	"github.com/wiretale/wiretale/diag/host"
	"github.com/wiretale/wiretale/diag/http"
	"github.com/wiretale/wiretale/diag/icmp"
	"github.com/wiretale/wiretale/diag/krb"
	"github.com/wiretale/wiretale/diag/ldap"
	"github.com/wiretale/wiretale/diag/mtu"
	"github.com/wiretale/wiretale/diag/path"
	"github.com/wiretale/wiretale/diag/reply"
	"github.com/wiretale/wiretale/diag/rpc"
	"github.com/wiretale/wiretale/diag/smb"
	"github.com/wiretale/wiretale/diag/ssrp"
	"github.com/wiretale/wiretale/diag/tcp"
	"github.com/wiretale/wiretale/diag/tds"
	"github.com/wiretale/wiretale/diag/tls"
)

// All is every rule, by family.
func All() []*diag.Rule {
	return slices.Concat(capture.Rules(), tcp.Rules(), mtu.Rules(), icmp.Rules(), app.Rules(), smb.Rules(), host.Rules(), path.Rules(), reply.Rules(), ssrp.Rules(), dns.Rules(), tds.Rules(), tls.Rules(), fw.Rules(), ldap.Rules(), krb.Rules(), rpc.Rules(), http.Rules(), arp.Rules())
}
