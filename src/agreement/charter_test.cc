#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agreement/charter_diff.h"
#include "agreement/people_for_test.h"
#include "crypto/digest.h"

namespace cloister::agreement {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Charter Terms() { return for_test::CharterOf({for_test::Hospital(), for_test::Insurer(), for_test::Analyst()}); }

std::string Problem(const std::function<void(Charter&)>& change) {
  Charter charter = Terms();
  change(charter);
  const Status status = CheckCharter(charter);
  return status ? "" : status.error().public_message;
}

std::string ProblemOfJson(const std::function<void(codec::JsonObject&)>& change) {
  codec::Json json = EncodeCharter(Terms());
  change(json.as_object());
  const auto charter = DecodeCharter(json);
  return charter ? "" : charter.error().public_message;
}

TEST(Charter, ReadsWhatItWrites) {
  for (const auto kind : {ApprovalRule::Kind::kOwners, ApprovalRule::Kind::kUnanimous, ApprovalRule::Kind::kMajority}) {
    Charter charter = Terms();
    charter.approval_rule.kind = kind;
    EXPECT_EQ(ParseCharter(codec::CanonicalJson(EncodeCharter(charter))).value(), charter);
  }
  Charter counted = Terms();
  counted.approval_rule = {.kind = ApprovalRule::Kind::kCount, .count = 2};
  EXPECT_EQ(ParseCharter(codec::CanonicalJson(EncodeCharter(counted))).value(), counted);
}

TEST(Charter, DigestIsOfItsCanonicalBytes) {
  const std::string text = codec::CanonicalJson(EncodeCharter(Terms()));
  EXPECT_EQ(CharterDigest(Terms()), crypto::Sha256(AsBytes(text)));
  EXPECT_THAT(text, HasSubstr(R"("time_sources":["host"],"version":1,"witnesses":[])"));
}

TEST(Charter, AcceptsCanonicalBytesOnly) {
  const std::string text = codec::CanonicalJson(EncodeCharter(Terms()));
  EXPECT_EQ(ParseCharter(" " + text).error().public_message, "charter must be canonical JSON (RFC 8785)");
}

TEST(Charter, EveryMemberMustBeThereAndNoOther) {
  const codec::Json whole = EncodeCharter(Terms());
  for (const auto& member : whole.as_object()) {
    EXPECT_THAT(ProblemOfJson([&](auto& json) { json.erase(member.key()); }), HasSubstr(std::string(member.key())));
  }
  EXPECT_EQ(ProblemOfJson([](auto& json) { json["extra"] = 1; }), "charter.extra is not known here");
}

TEST(Charter, ParticipantsAreSortedAndUnique) {
  EXPECT_EQ(Problem([](Charter& c) { std::swap(c.participants[0], c.participants[1]); }),
            "charter.participants must be sorted by thumbprint, none twice");
  EXPECT_EQ(Problem([](Charter& c) { c.participants[1] = c.participants[0]; }),
            "charter.participants must be sorted by thumbprint, none twice");
  EXPECT_EQ(Problem([](Charter& c) { c.participants.clear(); }), "charter.participants must be 1 to 64");
  EXPECT_EQ(Problem([](Charter& c) { c.participants[1].email = c.participants[0].email; }),
            "charter.participants must not have one e-mail address twice");
}

TEST(Charter, AThumbprintIsThatOfTheKey) {
  EXPECT_EQ(Problem([](Charter& c) { c.participants[0].public_key = c.participants[1].public_key; }),
            "charter.participants[0].thumbprint is not that of public_key");
}

TEST(Charter, LabelsHoldNothingThatFoolsATerminal) {
  for (const char* name : {"a\x1b[2Jb", "a\nb", "a\xE2\x80\xAE\x62", "a\x7f", "a\xC2\x9B"}) {
    EXPECT_EQ(Problem([&](Charter& c) { c.participants[0].name = name; }),
              "charter.participants[0].name must be one line of at most 200 bytes")
        << name;
  }
  EXPECT_EQ(Problem([](Charter& c) { c.participants[0].name = "Zoë Ångström 医院"; }), "");
  EXPECT_THAT(Problem([](Charter& c) { c.name = ""; }), HasSubstr("charter.name"));
  EXPECT_THAT(Problem([](Charter& c) { c.participants[0].recipient = "age1x"; }), HasSubstr("recipient"));
}

TEST(Charter, RolesAreSortedAndKnown) {
  EXPECT_THAT(Problem([](Charter& c) { c.participants[0].roles = {}; }), HasSubstr("roles must not be empty"));
  EXPECT_THAT(Problem([](Charter& c) {
                c.participants[0].roles = {ParticipantRole::kOwner, ParticipantRole::kAnalyst};
              }),
              HasSubstr("roles must be sorted"));
  EXPECT_THAT(ProblemOfJson([](auto& json) {
                json["participants"].as_array()[0].as_object()["roles"] = codec::JsonArray{"admin"};
              }),
              HasSubstr("participants[0].roles must hold analyst, approver or owner only"));
}

TEST(Charter, ARuleThatCannotBeMetIsRefused) {
  EXPECT_THAT(Problem([](Charter& c) { c.approval_rule = {.kind = ApprovalRule::Kind::kCount, .count = 3}; }),
              HasSubstr("number of approvers"));
  EXPECT_THAT(Problem([](Charter& c) { c.approval_rule = {.kind = ApprovalRule::Kind::kOwners, .count = 1}; }),
              HasSubstr("belongs to kind count alone"));
  EXPECT_THAT(ProblemOfJson([](auto& json) { json["approval_rule"].as_object()["kind"] = "nobody"; }),
              HasSubstr("approval_rule.kind"));
}

TEST(Charter, SimulatedEvidenceStandsAloneAndUnknownKindsAreRefused) {
  EXPECT_THAT(Problem([](Charter& c) {
                c.appraisal_policy.accept = {"confidential_space", "simulated"};
              }),
              HasSubstr("not known in this version"));
  EXPECT_THAT(Problem([](Charter& c) {
                c.appraisal_policy.accept = {"simulated", "tdx"};
              }),
              HasSubstr("must stand alone"));
  EXPECT_THAT(Problem([](Charter& c) { c.appraisal_policy.accept = {}; }), HasSubstr("must name a kind"));
  EXPECT_THAT(Problem([](Charter& c) { c.appraisal_policy.measurements = {}; }), HasSubstr("measurements"));
}

TEST(Charter, WhatIsNotEnforcedYetIsRefused) {
  EXPECT_EQ(ProblemOfJson([](auto& json) { json["witnesses"] = codec::JsonArray{"w"}; }),
            "charter.witnesses must be empty in this version");
  EXPECT_EQ(ProblemOfJson([](auto& json) { json["time_sources"] = codec::JsonArray{"roughtime"}; }),
            "charter.time_sources must be [\"host\"] in this version");
  EXPECT_EQ(ProblemOfJson([](auto& json) { json["recovery"] = "owners"; }),
            "charter.recovery must be none or operator");
  EXPECT_THAT(ProblemOfJson([](auto& json) { json["version"] = 2; }), HasSubstr("charter.version"));
}

TEST(Charter, NumbersHaveBounds) {
  EXPECT_THAT(Problem([](Charter& c) { c.min_group_size = 1; }), HasSubstr("min_group_size"));
  EXPECT_THAT(Problem([](Charter& c) { c.refusals_per_participant_day = 0; }), HasSubstr("refusals"));
  EXPECT_THAT(Problem([](Charter& c) { c.run_bounds.query_ms = 0; }), HasSubstr("query_ms"));
  EXPECT_THAT(Problem([](Charter& c) { c.run_bounds.result_rows = 0; }), HasSubstr("result_rows"));
  EXPECT_THAT(Problem([](Charter& c) { c.run_bounds.memory_bytes = 1 << 20; }), HasSubstr("memory_bytes"));
  EXPECT_THAT(Problem([](Charter& c) { c.epoch = 0; }), HasSubstr("epoch"));
  EXPECT_THAT(Problem([](Charter& c) { c.epoch = 2; }), HasSubstr("previous"));
  EXPECT_THAT(Problem([](Charter& c) { c.previous = Digest256{}; }), HasSubstr("previous"));
}

TEST(Charter, AnEpochFollowsTheOneBefore) {
  const Charter first = Terms();
  const Charter second = for_test::Successor(first, {for_test::Hospital(), for_test::Insurer()});
  EXPECT_TRUE(CheckSuccessor(first, second).has_value());
  Charter third = second;
  third.epoch = 3;
  EXPECT_FALSE(CheckSuccessor(first, third).has_value());
  EXPECT_FALSE(CheckSuccessor(second, second).has_value());
  Charter stranger = second;
  stranger.previous = Digest256{};
  EXPECT_FALSE(CheckSuccessor(first, stranger).has_value());
  stranger = second;
  stranger.environment = for_test::Environment('2');
  EXPECT_FALSE(CheckSuccessor(first, stranger).has_value());
}

TEST(Charter, ALaterEpochCannotTakeTheKeyBackFromTheOperator) {
  const Charter first = Terms();
  ASSERT_EQ(first.recovery, Recovery::kOperator);
  Charter second = for_test::Successor(first, {for_test::Hospital(), for_test::Insurer()});
  second.recovery = Recovery::kNone;
  EXPECT_THAT(CheckSuccessor(first, second).error().public_message, HasSubstr("has the environment key already"));
  Charter closed = first;
  closed.recovery = Recovery::kNone;
  Charter opened = second;
  opened.previous = CharterDigest(closed);
  opened.recovery = Recovery::kOperator;  // all who accept it agree to that
  EXPECT_TRUE(CheckSuccessor(closed, opened).has_value());
}

TEST(Charter, FindsByKeyAndByLabel) {
  const Charter charter = Terms();
  EXPECT_EQ(charter.Find(for_test::Hospital().thumbprint())->name, "hospital");
  EXPECT_EQ(charter.FindByEmail("insurer@example.org")->name, "insurer");
  EXPECT_EQ(charter.Find("nobody"), nullptr);
  EXPECT_EQ(charter.FindByEmail("nobody"), nullptr);
}

TEST(DiffCharter, SaysNothingWhenOnlyTheEpochChanges) {
  const Charter first = Terms();
  Charter second = first;
  second.epoch = 2;
  second.previous = CharterDigest(first);
  EXPECT_THAT(DiffCharter(&first, second), IsEmpty());
}

TEST(DiffCharter, SaysWhoComesAndGoesAndWhatChanges) {
  const Charter first = Terms();
  Charter second = for_test::Successor(first, {for_test::Hospital(), for_test::Analyst(), for_test::Newcomer()});
  second.approval_rule = {.kind = ApprovalRule::Kind::kMajority};
  second.recovery = Recovery::kNone;
  second.cross_owner_joins = false;
  second.min_group_size = 50;
  second.appraisal_policy.measurements = {for_test::DigestOf("a later program")};
  const auto lines = DiffCharter(&first, second);
  EXPECT_THAT(lines[0], HasSubstr("joins: newcomer@example.org (newcomer ltd), key "));
  EXPECT_THAT(lines[1], HasSubstr("leaves: insurer@example.org"));
  EXPECT_THAT(lines, Contains(HasSubstr("more than half of the other approvers")));
  EXPECT_THAT(lines, Contains(HasSubstr("the operator can bring the enclave back")));
  EXPECT_THAT(lines, Contains("joins across owners: allowed -> not allowed"));
  EXPECT_THAT(lines, Contains("smallest group where a dataset does not say: 25 -> 50"));
  EXPECT_THAT(lines, Contains(HasSubstr("comes to be trusted")));
  EXPECT_THAT(lines, Contains(HasSubstr("is trusted no more")));
}

TEST(DiffCharter, SaysThatResultsGoToAnotherKey) {
  const Charter first = Terms();
  Charter second = first;
  Participant& hospital = *std::find_if(second.participants.begin(), second.participants.end(),
                                        [](const Participant& one) { return one.name == "hospital"; });
  hospital.recipient = "age1" + std::string(58, 'z');
  hospital.roles = {ParticipantRole::kAnalyst};
  hospital.organisation = "another house";
  const auto lines = DiffCharter(&first, second);
  EXPECT_THAT(lines, Contains("roles of hospital@example.org: approver, owner -> analyst"));
  EXPECT_THAT(lines, Contains(HasSubstr("are sealed to another key")));
  EXPECT_THAT(lines, Contains(HasSubstr("hospital ltd) -> hospital@example.org (another house)")));
}

TEST(DiffCharter, DescribesTheFirstEpochInFull) {
  const auto lines = DiffCharter(nullptr, Terms());
  EXPECT_THAT(lines, Contains(HasSubstr("evidence accepted: simulated (no hardware vouches for the enclave)")));
  EXPECT_THAT(lines, Contains(HasSubstr("the operator can bring the enclave back after a restart")));
}

}  // namespace
}  // namespace cloister::agreement
