#include "cli/event_stream.h"

#include <gtest/gtest.h>

namespace cloister::cli {
namespace {

// "type:data" of each event, separated by |.
struct Heard {
  std::string text;
  EventStream stream{[this](const ServerEvent& event) { text += event.type + ":" + event.data + "|"; }};
};

TEST(EventStream, ReadsEventsInPiecesOfAnySize) {
  const std::string bytes =
      "\xEF: a comment\n\nid: 7\nevent: query\ndata: {\"a\":1}\n\n:ping\n\ndata: one\rdata:two\r\n\r\nid: 9\n\ndata";
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    Heard heard;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      ASSERT_TRUE(heard.stream.Write(AsBytes(std::string_view(bytes).substr(at, size))));
    }
    EXPECT_EQ(heard.text, "query:{\"a\":1}|message:one\ntwo|") << size;
    EXPECT_EQ(heard.stream.last_id(), "9") << "an event without data says where the stream stands";
  }
}

TEST(EventStream, ANewConnectionForgetsHalfAnEventAndKeepsTheId) {
  Heard heard;
  ASSERT_TRUE(heard.stream.Write(AsBytes("id: 3\ndata: a\n\nid: 4\ndata: half")));
  ASSERT_TRUE(heard.stream.Restart());
  EXPECT_EQ(heard.stream.last_id(), "3");
  ASSERT_TRUE(heard.stream.Write(AsBytes("data: b\n\n")));
  EXPECT_EQ(heard.text, "message:a|message:b|");
  EXPECT_EQ(heard.stream.last_id(), "3");
}

TEST(EventStream, AnEventThatNeverEndsIsCut) {
  Heard heard;
  const std::string long_line = "data: " + std::string(kEventBytesMax, 'x');
  const Status written = heard.stream.Write(AsBytes(long_line));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::kResourceExhausted);
}

}  // namespace
}  // namespace cloister::cli
