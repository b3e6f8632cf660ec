// Words and numbers; no browser is needed.
import { expect, test } from "@playwright/test";
import { labels } from "../../src/format";

test("several sources are called by what tells them apart", () => {
  expect(labels(["a/client.pcap"])).toEqual([]);
  expect(labels(["a/client.pcap", "b/server.pcap"])).toEqual(["client.pcap", "server.pcap"]);
  expect(labels(["a/x.pcap", "b/x.pcap", "c/y.pcap"])).toEqual(["a/x.pcap", "b/x.pcap", "y.pcap"]);
  expect(labels(["m.pcapng::client", "m.pcapng::server"])).toEqual(["client", "server"]);
  expect(labels(["m.pcapng::client", "n.pcapng::server"])).toEqual(["m.pcapng::client", "n.pcapng::server"]);
});
