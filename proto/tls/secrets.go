package tls

// Kinds of secrets, and what each belongs to. Most have the names of key logs (RFC 9850, 2).
const (
	SecretMaster          = "CLIENT_RANDOM"                   // the master secret of a session, by the client's random
	SecretPremaster       = "PMS_CLIENT_RANDOM"               // the premaster secret, by the client's random
	SecretExchanged       = "RSA"                             // the premaster secret, by the first 8 bytes of what it was encrypted to
	SecretSession         = "SESSION_ID"                      // the master secret, by the session's id
	SecretTicket          = "TICKET"                          // the same, by the ticket that the client goes on with
	SecretEarly           = "CLIENT_EARLY_TRAFFIC_SECRET"     // of TLS 1.3, by the client's random, as those that follow
	SecretClientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET" //
	SecretServerHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET" //
	SecretClientTraffic   = "CLIENT_TRAFFIC_SECRET_0"         //
	SecretServerTraffic   = "SERVER_TRAFFIC_SECRET_0"         //
	SecretPrivateKey      = "PRIVATE_KEY"                     // a private key of RSA in PKCS#1, by its modulus
	SecretPreShared       = "TLS_PSK"                         // a key that both sides had before, by its identity, or by nothing for all
)
