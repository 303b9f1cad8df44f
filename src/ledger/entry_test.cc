#include "ledger/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using ::testing::HasSubstr;

std::vector<Entry> OneOfEach() {
  const auto charter = people::CharterOf({people::Hospital()});
  std::vector<EntryBody> bodies;
  bodies.emplace_back(BootEntry{.boot = 0,
                                .origin = "generated",
                                .checkpoint_key = people::SignerFrom("c").public_key(),
                                .document_key = people::SignerFrom("d").public_key(),
                                .charter = agreement::CharterDigest(charter),
                                .recipient_commitment = Digest256{1},
                                .evidence = {{"kind", "simulated"}, {"statement", "x"}}});
  bodies.emplace_back(CharterEntry{.charter = charter, .recipient_commitment = Digest256{1}});
  bodies.emplace_back(LinkEntry{.jws = "a.b.c"});
  bodies.emplace_back(ReportEntry{.jws = "a.b.c"});
  bodies.emplace_back(RefusalEntry{.document = Digest256{2}, .code = "CONFLICT", .reasons = {"because"}});
  bodies.emplace_back(ReservationEntry{.query = Digest256{3},
                                       .approvals = {Digest256{4}},
                                       .charges = {{.dataset = people::Dataset('1'), .epsilon = 0.1}}});
  bodies.emplace_back(ExecutionEntry{.query = Digest256{3}, .outcome = Outcome::kCancelled, .code = "CANCELLED"});
  bodies.emplace_back(
      ReleaseEntry{.query = Digest256{3}, .receipt = Digest256{5}, .result = Digest256{6}, .answer = Digest256{7}});
  std::vector<Entry> entries;
  for (EntryBody& body : bodies) entries.push_back({.time = people::kNow, .body = std::move(body)});
  return entries;
}

TEST(Entry, ReadsWhatItWrites) {
  for (const Entry& entry : OneOfEach()) {
    const std::string text = EncodeEntry(entry).value();
    const auto again = DecodeEntry(text);
    ASSERT_TRUE(again.has_value()) << text << again.error().public_message;
    EXPECT_EQ(*again, entry);
    EXPECT_EQ(EncodeEntry(*again).value(), text);
  }
}

TEST(Entry, TakesEveryMemberAndNoOther) {
  for (const Entry& entry : OneOfEach()) {
    const codec::Json whole = EncodeEntryJson(entry);
    for (const auto& member : whole.as_object()) {
      codec::Json less = whole;
      less.as_object().erase(member.key());
      const auto refused = DecodeEntry(codec::CanonicalJson(less));
      ASSERT_FALSE(refused.has_value()) << less;
      EXPECT_THAT(refused.error().public_message, HasSubstr(std::string(member.key())));
    }
    codec::Json more = whole;
    more.as_object()["debug"] = 1;
    EXPECT_EQ(DecodeEntry(codec::CanonicalJson(more)).error().public_message, "entry.debug is not known here");
  }
}

TEST(Entry, IsCanonicalAndBounded) {
  const std::string text = EncodeEntry(OneOfEach()[2]).value();
  EXPECT_EQ(DecodeEntry(text + " ").error().public_message, "entry is not canonical JSON (RFC 8785)");
  EXPECT_FALSE(DecodeEntry("{}").has_value());
  EXPECT_FALSE(DecodeEntry("[]").has_value());
  const Entry large{.time = people::kNow, .body = LinkEntry{.jws = std::string(kEntryBytesMax, 'x')}};
  EXPECT_EQ(EncodeEntry(large).error().code, Code::kResourceExhausted);
}

TEST(Entry, OfAnUnknownKindIsRefused) {
  codec::Json json = EncodeEntryJson(OneOfEach()[2]);
  json.as_object()["kind"] = "cosignature";
  EXPECT_EQ(DecodeEntry(codec::CanonicalJson(json)).error().public_message, "entry.kind is not known in this version");
}

TEST(Entry, ValuesAreChecked) {
  const auto problem = [](std::size_t which, const char* member, codec::Json value) {
    codec::Json json = EncodeEntryJson(OneOfEach()[which]);
    json.as_object()[member] = std::move(value);
    const auto entry = DecodeEntry(codec::CanonicalJson(json));
    return entry ? "" : entry.error().public_message;
  };
  EXPECT_THAT(problem(0, "origin", "recovering"), HasSubstr("entry.origin"));
  EXPECT_THAT(problem(0, "protocol", 2), HasSubstr("entry.protocol"));
  EXPECT_THAT(problem(0, "keys", codec::JsonObject{}), HasSubstr("entry.keys.checkpoint_key is missing"));
  EXPECT_THAT(problem(1, "digest", codec::Json(std::string(64, '0'))),
              HasSubstr("entry.digest is not that of the charter"));
  EXPECT_THAT(problem(4, "reasons", codec::JsonArray{}), HasSubstr("entry.reasons must not be empty"));
  EXPECT_THAT(problem(5, "approvals", codec::JsonArray{std::string(64, 'b'), std::string(64, 'a')}),
              HasSubstr("sorted"));
  EXPECT_THAT(problem(6, "outcome", "done"), HasSubstr("entry.outcome"));
  EXPECT_THAT(problem(6, "code", ""), HasSubstr("entry.code"));
  EXPECT_THAT(problem(7, "answer", 7), HasSubstr("entry.answer"));
  EXPECT_THAT(problem(2, "time", "2026-11-22 08:36"), HasSubstr("entry.time"));
}

}  // namespace
}  // namespace cloister::ledger
