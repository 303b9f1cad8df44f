#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attestation/enclave_appraisal.h"
#include "attestation/explain.h"
#include "attestation/simulated/simulated.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::attestation {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

crypto::Ed25519PublicKey Key(std::uint8_t number) {
  Bytes seed(32, number);
  return crypto::Ed25519Signer::FromSeed(SecretBytes::TakeFrom(seed)).value().public_key();
}

Digest256 DigestOf(std::string_view text) { return crypto::Sha256(AsBytes(text)); }

constexpr Nonce kNonce = {7, 7, 7};
const Digest256 kProgram = DigestOf("the enclave program");

// An enclave of two participants that answers `evidence` as it should.
struct Enclave {
  codec::Json charter;
  BootKeys keys{.checkpoint_key = Key(1), .document_key = Key(2)};
  std::vector<DatasetRecipient> recipients = {{.thumbprint = Key(3).Thumbprint(), .recipient = "age1hospital"},
                                              {.thumbprint = Key(4).Thumbprint(), .recipient = "age1insurer"}};
  Origin origin = Origin::kGenerated;
  Digest256 program = kProgram;

  Enclave() {
    std::sort(recipients.begin(), recipients.end(), [](auto& a, auto& b) { return a.thumbprint < b.thumbprint; });
    codec::JsonArray participants;
    for (const auto& one : recipients) participants.push_back(codec::JsonObject{{"thumbprint", one.thumbprint}});
    charter = codec::JsonObject{
        {"participants", participants},
        {"appraisal_policy", codec::JsonObject{{"accept", codec::JsonArray{"simulated"}},
                                               {"measurements", codec::JsonArray{codec::HexEncode(kProgram)}}}},
        {"recovery", "operator"}};
  }
  EnclaveTerms Terms() const { return ReadTerms(charter).value(); }
  BindingInput Bound(const Nonce& nonce) const {
    return {.origin = origin,
            .keys = keys,
            .recipient_commitment = RecipientCommitment(recipients),
            .charter = Terms().charter,
            .nonce = nonce};
  }
  EnclaveAnswer Answer(const Nonce& nonce) const {
    EnclaveAnswer answer{
        .evidence = MakeSimulatedEvidence({.measurement = program, .report_data = Binding(Bound(nonce))}).value(),
        .origin = origin,
        .boot_entry = 0,
        .keys = keys,
        .charter = Terms().charter,
        .recipient_commitment = RecipientCommitment(recipients)};
    for (std::uint64_t i = 0; i < recipients.size(); ++i) {
      answer.recipients.push_back({.recipient = recipients[i], .index = i, .proof = ProveRecipient(recipients, i)});
    }
    return answer;
  }
};

std::vector<std::string> FailedChecks(const EnclaveVerdict& verdict) {
  EXPECT_EQ(verdict.enclave.has_value(), verdict.appraisal.result() != nullptr);
  std::vector<std::string> checks;
  for (const Finding& finding : verdict.appraisal.findings()) checks.push_back(finding.check);
  return checks;
}

EnclaveVerdict Appraised(const Enclave& enclave, const EnclaveAnswer& answer, const Nonce& nonce = kNonce) {
  const EnclaveTerms terms = enclave.Terms();
  return AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = {1'764'000'000'000}});
}

TEST(Binding, HashesEveryFieldBehindItsLength) {
  const Enclave enclave;
  const BindingInput input = enclave.Bound(kNonce);
  Bytes expected;
  const auto field = [&](ByteView bytes) {
    AppendBigEndian64(expected, bytes.size());
    Append(expected, bytes);
  };
  field(AsBytes("cloister/v1/binding"));
  field(AsBytes("generated"));
  field(AsBytes(R"({"checkpoint_key":")" + codec::Base64UrlEncode(Key(1).raw()) + R"(","document_key":")" +
                codec::Base64UrlEncode(Key(2).raw()) + R"("})"));
  field(input.recipient_commitment);
  field(input.charter);
  field(kNonce);
  EXPECT_EQ(Binding(input), crypto::Sha512(expected));
}

TEST(AppraiseEnclave, GivesTheRecipientToSealTo) {
  const Enclave enclave;
  const EnclaveVerdict verdict = Appraised(enclave, enclave.Answer(kNonce));
  ASSERT_TRUE(verdict.enclave.has_value());
  EXPECT_EQ(verdict.enclave->RecipientOf(Key(3).Thumbprint()).value(), "age1hospital");
  EXPECT_EQ(verdict.enclave->RecipientOf(Key(9).Thumbprint()).error().code, Code::kNotFound);
  EXPECT_EQ(verdict.enclave->keys(), enclave.keys);
  EXPECT_EQ(verdict.enclave->attestation().evidence_digest(), EvidenceDigest(enclave.Answer(kNonce).evidence));
  EXPECT_FALSE(verdict.enclave->attestation().is_hardware());
}

TEST(AppraiseEnclave, SaysWhatSimulatedEvidenceDoesNotProve) {
  const Enclave enclave;
  const auto lines = ExplainAppraisal(Appraised(enclave, enclave.Answer(kNonce)).appraisal);
  EXPECT_THAT(lines, Contains(HasSubstr("proves nothing about hardware")));
  EXPECT_THAT(lines, Contains(HasSubstr("the operator could read this")));
}

TEST(AppraiseEnclave, WithoutRecoveryTheOperatorIsNotNamed) {
  Enclave enclave;
  enclave.charter.as_object()["recovery"] = "none";
  for (const std::string& line : ExplainAppraisal(Appraised(enclave, enclave.Answer(kNonce)).appraisal)) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr("the operator could read this")));
  }
}

TEST(AppraiseEnclave, RefusesARecoveredKeyWhereNobodyMayRecoverIt) {
  Enclave enclave;
  enclave.origin = Origin::kRecovered;
  EXPECT_TRUE(Appraised(enclave, enclave.Answer(kNonce)).enclave.has_value());
  enclave.charter.as_object()["recovery"] = "none";
  EXPECT_THAT(FailedChecks(Appraised(enclave, enclave.Answer(kNonce))), ElementsAre("origin"));
}

TEST(AppraiseEnclave, RefusesEvidenceForSomebodyElsesNonce) {
  const Enclave enclave;
  EXPECT_THAT(FailedChecks(Appraised(enclave, enclave.Answer({1}))), ElementsAre("binding"));
}

TEST(AppraiseEnclave, RefusesKeysThatTheEvidenceDoesNotBind) {
  const Enclave enclave;
  EnclaveAnswer answer = enclave.Answer(kNonce);
  answer.keys.document_key = Key(66);
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("binding"));
}

TEST(AppraiseEnclave, RefusesAnotherOrigin) {
  const Enclave enclave;
  EnclaveAnswer answer = enclave.Answer(kNonce);
  answer.origin = Origin::kRecovered;
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("binding"));
}

TEST(AppraiseEnclave, RefusesARecipientThatIsNotCommittedTo) {
  const Enclave enclave;
  EnclaveAnswer answer = enclave.Answer(kNonce);
  answer.recipients[1].recipient.recipient = "age1operator";
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("recipients"));
}

TEST(AppraiseEnclave, RefusesAnotherParticipantsRecipientInMyPlace) {
  const Enclave enclave;
  EnclaveAnswer answer = enclave.Answer(kNonce);
  std::swap(answer.recipients[0].recipient.thumbprint, answer.recipients[1].recipient.thumbprint);
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("recipients", "recipients"));
  answer = enclave.Answer(kNonce);
  answer.recipients.pop_back();
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("recipients"));
}

TEST(AppraiseEnclave, ReportsEveryFindingAtOnce) {
  Enclave enclave;
  enclave.program = DigestOf("another program");
  enclave.origin = Origin::kRecovering;
  EnclaveAnswer answer = enclave.Answer({9});
  answer.endorsements.emplace_back("a certificate");
  answer.charter = DigestOf("another charter");
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)),
              ElementsAre("charter", "origin", "endorsements", "binding", "measurement"));
}

TEST(AppraiseEnclave, RefusesAStatementThatWasChanged) {
  const Enclave enclave;
  EnclaveAnswer answer = enclave.Answer(kNonce);
  answer.evidence.statement.back() = answer.evidence.statement.back() == 'A' ? 'Q' : 'A';
  EXPECT_THAT(FailedChecks(Appraised(enclave, answer)), ElementsAre("evidence.signature"));
}

TEST(AppraiseEnclave, APolicyThatAcceptsNothingAcceptsNothing) {
  const Enclave enclave;
  const EnclaveAnswer answer = enclave.Answer(kNonce);
  const AppraisalPolicy nothing;
  const Appraisal appraisal = Verifier::Appraise({.evidence = answer.evidence,
                                                  .endorsements = answer.endorsements,
                                                  .binding = Binding(enclave.Bound(kNonce)),
                                                  .policy = nothing,
                                                  .now = {}});
  ASSERT_EQ(appraisal.result(), nullptr);
  EXPECT_EQ(appraisal.findings().size(), 2u);
  EXPECT_EQ(AppraisalJson(appraisal).at("verified"), false);
  EXPECT_EQ(AppraisalJson(appraisal).at("findings").as_array().size(), 2u);
}

TEST(EnclaveAnswer, ReadsWhatItWrites) {
  const Enclave enclave;
  const codec::Json json = EncodeEnclaveAnswer(enclave.Answer(kNonce));
  const EnclaveAnswer answer = DecodeEnclaveAnswer(json).value();
  EXPECT_EQ(codec::CanonicalJson(EncodeEnclaveAnswer(answer)), codec::CanonicalJson(json));
  EXPECT_TRUE(Appraised(enclave, answer).enclave.has_value());
}

TEST(EnclaveAnswer, RefusesUnknownAndMissingMembers) {
  const Enclave enclave;
  const codec::Json good = EncodeEnclaveAnswer(enclave.Answer(kNonce));
  for (const auto& member : good.as_object()) {
    codec::Json bad = good;
    bad.as_object().erase(member.key());
    EXPECT_THAT(DecodeEnclaveAnswer(bad).error().public_message, HasSubstr(std::string(member.key()))) << bad;
  }
  codec::Json bad = good;
  bad.as_object()["debug"] = true;
  EXPECT_EQ(DecodeEnclaveAnswer(bad).error().public_message, "evidence answer.debug is not known here");
  bad = good;
  bad.at("evidence").as_object()["kind"] = "tdx";
  EXPECT_EQ(DecodeEnclaveAnswer(bad).error().public_message, "evidence of kind tdx is not known in this version");
}

codec::Json BootEntryOf(const Enclave& enclave) {
  codec::JsonObject boot;
  boot["kind"] = "boot";
  boot["time"] = "2026-11-22T08:36:00Z";
  boot["boot"] = 0;
  boot["protocol"] = 1;
  boot["origin"] = OriginName(enclave.origin);
  boot["keys"] = EncodeBootKeys(enclave.keys);
  boot["charter"] = codec::HexEncode(enclave.Terms().charter);
  boot["recipient_commitment"] = codec::HexEncode(RecipientCommitment(enclave.recipients));
  boot["evidence"] = EncodeEvidence(enclave.Answer(kArchiveNonce).evidence);
  boot["endorsements"] = codec::JsonArray{};
  return boot;
}

TEST(AppraiseBootEntry, AcceptsArchivedEvidenceAndNoOther) {
  const Enclave enclave;
  codec::Json boot = BootEntryOf(enclave);
  EXPECT_NE(AppraiseBootEntry(boot, enclave.Terms(), {})->result(), nullptr);

  codec::Json live = boot;
  live.as_object()["evidence"] = EncodeEvidence(enclave.Answer(kNonce).evidence);
  EXPECT_EQ(AppraiseBootEntry(live, enclave.Terms(), {})->result(), nullptr);

  Enclave recovered;
  recovered.origin = Origin::kRecovered;
  recovered.charter.as_object()["recovery"] = "none";
  EXPECT_EQ(AppraiseBootEntry(BootEntryOf(recovered), recovered.Terms(), {})->findings().front().check, "origin");

  codec::Json foreign = boot;
  foreign.at("keys").as_object()["checkpoint_key"] = codec::Base64UrlEncode(Key(66).raw());
  EXPECT_EQ(AppraiseBootEntry(foreign, enclave.Terms(), {})->findings().front().check, "binding");

  EnclaveTerms others = enclave.Terms();
  others.charter = DigestOf("another charter");
  EXPECT_EQ(AppraiseBootEntry(boot, others, {}).error().code, Code::kVerificationFailed);
}

TEST(ReadTerms, TakesKnownKindsOnly) {
  Enclave enclave;
  enclave.charter.at("appraisal_policy").as_object()["accept"] = codec::JsonArray{"sev"};
  EXPECT_FALSE(ReadTerms(enclave.charter).has_value());
  enclave.charter.as_object().erase("appraisal_policy");
  EXPECT_FALSE(ReadTerms(enclave.charter).has_value());
  EXPECT_FALSE(ReadTerms(codec::Json("charter")).has_value());
}

TEST(RecipientCommitment, OneLeafIsItsOwnRoot) {
  const DatasetRecipient alone{.thumbprint = Key(3).Thumbprint(), .recipient = "age1x"};
  EXPECT_EQ(RecipientCommitment({alone}), RecipientLeaf(alone));
  EXPECT_EQ(RecipientLeaf(alone), crypto::MerkleLeaf(AsBytes("[\"" + alone.thumbprint + "\",\"age1x\"]")));
  EXPECT_TRUE(VerifyRecipient({.recipient = alone}, 1, RecipientLeaf(alone)).has_value());
  EXPECT_FALSE(VerifyRecipient({.recipient = alone, .index = 1}, 1, RecipientLeaf(alone)).has_value());
}

}  // namespace
}  // namespace cloister::attestation
