#include "net/server/web_socket.h"

#include <gtest/gtest.h>

namespace cloister::net {
namespace {

std::string Masked(std::uint8_t first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  const std::string_view mask = "\x37\xfa\x21\x3d";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

CloseCode Refused(const std::string& bytes) { return std::get<CloseCode>(ReadClientFrame(AsBytes(bytes))); }

// RFC 6455 section 5.7: "Hello", masked.
TEST(WebSocketTest, ReadsTheExampleOfTheRfc) {
  const std::string bytes = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58more";
  const auto frame = std::get<ClientFrame>(ReadClientFrame(AsBytes(bytes)));
  EXPECT_EQ(frame.opcode, WebSocketOpcode::kText);
  EXPECT_EQ(frame.payload, "Hello");
  EXPECT_EQ(frame.consumed, 11u);
  for (std::size_t size = 0; size < frame.consumed; ++size) {
    EXPECT_TRUE(std::holds_alternative<NeedMore>(ReadClientFrame(AsBytes(bytes).first(size)))) << size;
  }
}

TEST(WebSocketTest, RefusesWhatBreaksARule) {
  EXPECT_EQ(Refused(std::string("\x81\x05Hello", 7)), CloseCode::kProtocolError);       // not masked
  EXPECT_EQ(Refused(Masked(0xc1, "x")), CloseCode::kProtocolError);                     // an extension's bit
  EXPECT_EQ(Refused(Masked(0x83, "x")), CloseCode::kProtocolError);                     // no such opcode
  EXPECT_EQ(Refused(Masked(0x09, "x")), CloseCode::kProtocolError);                     // a ping in pieces
  EXPECT_EQ(Refused(Masked(0x89, std::string(126, 'x'))), CloseCode::kProtocolError);   // a ping that is too long
  EXPECT_EQ(Refused(Masked(0x82, std::string(1025, 'x'))), CloseCode::kTooBig);
  EXPECT_EQ(Refused(std::string("\x82\xff", 2)), CloseCode::kTooBig);
  EXPECT_EQ(Refused(std::string("\x82\xfe\x00\x01", 4)), CloseCode::kProtocolError);  // one byte, told in two
  const auto largest = std::get<ClientFrame>(ReadClientFrame(AsBytes(Masked(0x82, std::string(1024, 'x')))));
  EXPECT_EQ(largest.payload.size(), 1024u);
}

// What the messages of these frames are closed with, in order; 0: they go on.
int Judged(const std::vector<std::string>& frames) {
  ClientMessages messages;
  for (const std::string& bytes : frames) {
    const auto broken = messages.Take(std::get<ClientFrame>(ReadClientFrame(AsBytes(bytes))));
    if (broken) return static_cast<int>(*broken);
  }
  return 0;
}

TEST(WebSocketTest, AMessageIsBegunOnceAndATextIsUtf8) {
  EXPECT_EQ(Judged({Masked(0x81, "ab"), Masked(0x82, "\xff")}), 0);
  EXPECT_EQ(Judged({Masked(0x01, "\xc3"), Masked(0x89, "ping"), Masked(0x80, "\xa4"), Masked(0x81, "x")}), 0);
  EXPECT_EQ(Judged({Masked(0x80, "x")}), 1002);                     // goes on with nothing
  EXPECT_EQ(Judged({Masked(0x01, "a"), Masked(0x81, "b")}), 1002);  // begins within another
  EXPECT_EQ(Judged({Masked(0x81, "\xff")}), 1007);
  EXPECT_EQ(Judged({Masked(0x01, "\xc3"), Masked(0x80, "")}), 1007);
  EXPECT_EQ(Judged({Masked(0x02, std::string(1024, 'x')), Masked(0x80, "x")}), 1009);
}

TEST(WebSocketTest, ACloseSaysACodeThatMayBeSaidOrNothing) {
  for (const std::string& payload :
       {std::string(), std::string("\x03\xe8"), std::string("\x03\xe8gone"), std::string("\x0f\xa0")}) {
    EXPECT_TRUE(std::holds_alternative<ClientFrame>(ReadClientFrame(AsBytes(Masked(0x88, payload)))));
  }
  for (const std::string& payload :
       {std::string("\x03"), std::string("\x03\xed"), std::string("\x00\x01", 2), std::string("\x03\xe8\xff")}) {
    EXPECT_EQ(Refused(Masked(0x88, payload)), CloseCode::kProtocolError);
  }
}

TEST(WebSocketTest, WritesLengthsInTheShortestWay) {
  EXPECT_EQ(ServerFrame(WebSocketOpcode::kText, "Hello"), "\x81\x05Hello");
  EXPECT_EQ(ServerFrame(WebSocketOpcode::kPing, ""), std::string("\x89\x00", 2));
  EXPECT_EQ(ServerFrame(WebSocketOpcode::kText, std::string(126, 'x')).substr(0, 4),
            std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(ServerFrame(WebSocketOpcode::kText, std::string(65536, 'x')).substr(0, 10),
            std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(CloseFrame(CloseCode::kTooBig), "\x88\x02\x03\xf1");
}

}  // namespace
}  // namespace cloister::net
