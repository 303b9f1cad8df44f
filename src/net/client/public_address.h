#pragma once

// Whether an IP address is one of the public internet, by the registries of special-purpose addresses (IANA, RFC 6890).
// A server that connects to where a stranger says must not be led to its own machine, its neighbours or its cloud's
// metadata service (server-side request forgery). Pure functions of bytes.
//
//   KindOfAddress("93.184.216.34" as 4 bytes)  -> kPublic
//   KindOfAddress("169.254.169.254")           -> kSpecial    the metadata service of every cloud
//   KindOfAddress("::ffff:10.0.0.1")           -> kSpecial    IPv4 in disguise is never taken
//   KindOfAddress("127.0.0.1"), ("::1")        -> kLoopback

#include "base/bytes.h"

namespace cloister::net {

enum class AddressKind {
  kPublic,
  kLoopback,
  kSpecial,  // private, link-local, shared, documentation, multicast, reserved, unspecified, tunnels; or no address
};

// 4 bytes of IPv4 or 16 of IPv6, in network order.
AddressKind KindOfAddress(ByteView address);

}  // namespace cloister::net
