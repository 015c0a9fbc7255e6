// Turns the configuration of a fresh `ipfs init --profile=announce-off,unixfs-v1-2025` (the file named as argument)
// into that of a node that talks to nobody.
"use strict";
const fs = require("node:fs");
const file = process.argv[2];
const config = JSON.parse(fs.readFileSync(file, "utf8"));

const nothingOutside = {
  Addresses: { API: "/ip4/127.0.0.1/tcp/0", Gateway: "/ip4/127.0.0.1/tcp/0", Swarm: [], Announce: [], AppendAnnounce: [] },
  AutoConf: { Enabled: false },
  AutoTLS: { Enabled: false },
  Bootstrap: [],
  DNS: { Resolvers: {} },
  Discovery: { MDNS: { Enabled: false } },
  Ipns: { DelegatedPublishers: [] },
  Routing: { Type: "none", DelegatedRouters: [] },
};
for (const [section, values] of Object.entries(nothingOutside)) {
  config[section] = Array.isArray(values) ? values : { ...config[section], ...values };
}
// Without it a power loss leaves blocks of zero bytes.
for (const mount of config.Datastore.Spec.mounts) {
  const store = mount.child ?? mount;
  if (store.type === "flatfs") store.sync = true;
}
fs.writeFileSync(file, JSON.stringify(config, null, 2));
