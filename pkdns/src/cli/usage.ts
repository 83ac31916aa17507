export const USAGE = `npx pkdns <command> [options]

  generate                      a new seed, as 64 hexadecimal digits
  publickey [SEED]              the key of a seed file
  resolve KEY                   the newest packet of a key or address, and how fresh it is
  trace NAME [TYPE]             every hop of a resolution, with its time
  check [ZONE] [--seed SEED]    reads a zone file and shows what would be published
  publish [SEED] [ZONE]         publishes a zone file once
  keep-alive [SEED] [ZONE]      publishes it and keeps it published, changed addresses included

SEED is ./seed.txt and ZONE is ./pkarr.zone when left out. {external_ipv4} and {external_ipv6} in a zone
file stand for the address of this machine.

  --network NAME                local (default: what npm start runs) or mainnet
  --relay URL                   a PKARR relay; may be repeated, replaces those of the network
  --bootstrap HOST:PORT         a DHT node to join by; may be repeated, replaces those of the network
  --forward HOST:PORT           a resolver for ICANN names, for trace
  --check-every SECONDS         how often keep-alive looks for a changed file or address (60)
`
