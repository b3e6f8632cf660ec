// Package all lists every built-in event provider.
package all

import (
	"slices"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/afd"
	"github.com/wiretale/wiretale/provider/dnsclient"
	"github.com/wiretale/wiretale/provider/httpservice"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/provider/kernelnetwork"
	"github.com/wiretale/wiretale/provider/kernelprocess"
	"github.com/wiretale/wiretale/provider/linux"
	"github.com/wiretale/wiretale/provider/ndis"
	"github.com/wiretale/wiretale/provider/ndiscap"
	"github.com/wiretale/wiretale/provider/pktmon"
	"github.com/wiretale/wiretale/provider/procmon"
	"github.com/wiretale/wiretale/provider/schannel"
	"github.com/wiretale/wiretale/provider/smbclient"
	"github.com/wiretale/wiretale/provider/tcpip"
	"github.com/wiretale/wiretale/provider/webio"
	"github.com/wiretale/wiretale/provider/wfp"
	"github.com/wiretale/wiretale/provider/winhttp"
	"github.com/wiretale/wiretale/provider/wininet"
	"github.com/wiretale/wiretale/provider/winsocknameresolution"
)

// All returns the built-in providers. The slice is the caller's.
func All() []*provider.Provider {
	return slices.Concat([]*provider.Provider{
		afd.Provider,
		dnsclient.Provider,
		httpservice.Provider,
		kernelnetwork.Provider,
		kernelprocess.Provider,
		ndis.Provider,
		ndiscap.Provider,
		pktmon.Provider,
		procmon.Provider,
		schannel.Provider,
		smbclient.Provider,
		tcpip.Provider,
		webio.Provider,
		wfp.Provider,
		winhttp.Provider,
		wininet.Provider,
		winsocknameresolution.Provider,
	}, kernel.Providers, linux.Providers)
}
