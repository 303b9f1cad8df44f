#include "net/client/public_address.h"

#include <algorithm>
#include <array>

namespace cloister::net {
namespace {

struct Block {
  std::array<std::uint8_t, 4> first;  // of the address; zero from `bits` on
  unsigned bits;
};

constexpr Block kSpecialV4[] = {
    {{0, 0, 0, 0}, 8},       {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10},   {{127, 0, 0, 0}, 8},
    {{169, 254, 0, 0}, 16},  {{172, 16, 0, 0}, 12}, {{192, 0, 0, 0}, 24},    {{192, 0, 2, 0}, 24},
    {{192, 31, 196, 0}, 24}, {{192, 52, 193, 0}, 24}, {{192, 88, 99, 0}, 24}, {{192, 168, 0, 0}, 16},
    {{192, 175, 48, 0}, 24}, {{198, 18, 0, 0}, 15}, {{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24},
    {{224, 0, 0, 0}, 3},  // multicast and everything reserved above it
};

// Inside 2000::/3, the only part of IPv6 that is given out as public.
constexpr Block kSpecialV6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23},  // protocol assignments: Teredo, ORCHID, benchmarking
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02, 0x00, 0x00}, 16},  // 6to4: any IPv4 address inside
    {{0x3f, 0xff, 0x00, 0x00}, 20},  // documentation
};

bool IsIn(ByteView address, const Block& block) {
  for (unsigned bit = 0; bit < block.bits; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if ((address[bit / 8] & mask) != (block.first[bit / 8] & mask)) return false;
  }
  return true;
}

bool IsInAny(ByteView address, std::span<const Block> blocks) {
  return std::ranges::any_of(blocks, [&](const Block& block) { return IsIn(address, block); });
}

AddressKind KindOfV4(ByteView address) {
  if (address[0] == 127) return AddressKind::kLoopback;
  return IsInAny(address, kSpecialV4) ? AddressKind::kSpecial : AddressKind::kPublic;
}

AddressKind KindOfV6(ByteView address) {
  const bool zeros = std::ranges::all_of(address.first(15), [](std::uint8_t byte) { return byte == 0; });
  if (zeros && address[15] == 1) return AddressKind::kLoopback;
  const bool given_out = (address[0] & 0xe0) == 0x20;
  return given_out && !IsInAny(address, kSpecialV6) ? AddressKind::kPublic : AddressKind::kSpecial;
}

}  // namespace

AddressKind KindOfAddress(ByteView address) {
  if (address.size() == 4) return KindOfV4(address);
  if (address.size() == 16) return KindOfV6(address);
  return AddressKind::kSpecial;
}

}  // namespace cloister::net
