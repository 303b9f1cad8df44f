#include "net/client/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace cloister::net {
namespace {

AddressKind KindOf(const char* text) {
  Bytes address(16);
  if (inet_pton(AF_INET6, text, address.data()) == 1) return KindOfAddress(address);
  EXPECT_EQ(inet_pton(AF_INET, text, address.data()), 1) << text;
  return KindOfAddress(ByteView(address).first(4));
}

TEST(PublicAddress, WhatTheInternetReaches) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255",
                           "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255",
                           "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
                           "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:800::200e", "2001:200::1"}) {
    EXPECT_EQ(KindOf(text), AddressKind::kPublic) << text;
  }
}

TEST(PublicAddress, OneselfIsLoopback) {
  for (const char* text : {"127.0.0.1", "127.255.255.254", "::1"}) EXPECT_EQ(KindOf(text), AddressKind::kLoopback);
}

TEST(PublicAddress, NeighboursMetadataAndDisguises) {
  for (const char* text :
       {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "169.254.0.1",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::2", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254",
        "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::",
        "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"}) {
    EXPECT_EQ(KindOf(text), AddressKind::kSpecial) << text;
  }
}

TEST(PublicAddress, WhatIsNoAddressIsNotPublic) {
  EXPECT_EQ(KindOfAddress({}), AddressKind::kSpecial);
  EXPECT_EQ(KindOfAddress(Bytes(5, 8)), AddressKind::kSpecial);
}

}  // namespace
}  // namespace cloister::net
