#include "ledger/follow.h"

#include "agreement/fields.h"

namespace cloister::ledger {
namespace {

struct TrustedBoot {
  std::uint64_t index;
  std::string text;
  BootEntry boot;
};

// A boot entry that stands in the tree and whose keys the caller trusts.
Result<TrustedBoot> CheckBoot(const ProvenEntry& entry, const LedgerPoint& point, const BootTrust& trust) {
  const Status proven = crypto::VerifyInclusion(crypto::MerkleLeaf(AsBytes(entry.text)), entry.index, point.size,
                                                entry.proof, point.root);
  if (!proven) {
    return VerificationFailed("boot entry " + std::to_string(entry.index) + " is not proven to stand in the ledger");
  }
  CLOISTER_ASSIGN(Entry decoded, DecodeEntry(entry.text));
  auto* boot = std::get_if<BootEntry>(&decoded.body);
  if (boot == nullptr) return VerificationFailed("entry " + std::to_string(entry.index) + " is no boot");
  CLOISTER_TRY(trust(*boot));
  return TrustedBoot{.index = entry.index, .text = entry.text, .boot = std::move(*boot)};
}

// All boots of a step, in order, each after `after`.
Result<std::vector<TrustedBoot>> CheckBoots(const LedgerStep& step, const LedgerPoint& point, const BootTrust& trust) {
  if (step.boots.size() > kStepBootsMax) {
    return ResourceExhausted("more than " + std::to_string(kStepBootsMax) + " boots at once");
  }
  std::vector<TrustedBoot> boots;
  for (const ProvenEntry& entry : step.boots) {
    if (!boots.empty() && entry.index <= boots.back().index) {
      return VerificationFailed("the boots are not in the order of the ledger");
    }
    CLOISTER_ASSIGN(TrustedBoot boot, CheckBoot(entry, point, trust));
    boots.push_back(std::move(boot));
  }
  return boots;
}

Result<LedgerPoint> PointOf(const LedgerStep& step, const EnvironmentId& environment) {
  CLOISTER_ASSIGN(const UnverifiedCheckpoint peeked, PeekCheckpoint(step.checkpoint));
  if (peeked.environment != environment) {
    return VerificationFailed("the checkpoint is of another environment, " + peeked.environment.str());
  }
  return peeked.point;
}

LedgerAdvance Fork(const LedgerView& view, const std::string& checkpoint, const std::string& boot_text,
                   bool self_evident) {
  return {.view = std::nullopt,
          .fork = ForkProof{.environment = view.environment,
                            .first = view.checkpoint,
                            .second = checkpoint,
                            .first_boot = view.boot_text,
                            .second_boot = boot_text,
                            .self_evident = self_evident}};
}

}  // namespace

Result<LedgerView> BeginView(const EnvironmentId& environment, const LedgerStep& step, const BootTrust& trust) {
  CLOISTER_ASSIGN(const LedgerPoint point, PointOf(step, environment));
  CLOISTER_ASSIGN(const std::vector<TrustedBoot> boots, CheckBoots(step, point, trust));
  if (boots.empty() || boots.front().index != 0) return VerificationFailed("entry 0 is not shown");
  const TrustedBoot& newest = boots.back();
  CLOISTER_TRY(VerifyCheckpoint(step.checkpoint, environment, newest.boot.checkpoint_key));
  return LedgerView{.environment = environment,
                    .point = point,
                    .checkpoint = step.checkpoint,
                    .entry_0 = crypto::MerkleLeaf(AsBytes(boots.front().text)),
                    .boot_entry = newest.index,
                    .boot_text = newest.text,
                    .boot = newest.boot};
}

Result<LedgerAdvance> AdvanceView(const LedgerView& view, const LedgerStep& step, const BootTrust& trust) {
  CLOISTER_ASSIGN(const LedgerPoint point, PointOf(step, view.environment));
  CLOISTER_ASSIGN(std::vector<TrustedBoot> boots, CheckBoots(step, point, trust));
  const TrustedBoot known{.index = view.boot_entry, .text = view.boot_text, .boot = view.boot};
  const TrustedBoot& signer = boots.empty() ? known : boots.back();
  CLOISTER_TRY(VerifyCheckpoint(step.checkpoint, view.environment, signer.boot.checkpoint_key));

  if (point.size < view.point.size) {
    return FailedPrecondition("the checkpoint has " + std::to_string(point.size) + " entries, fewer than the " +
                              std::to_string(view.point.size) + " verified before");
  }
  if (point.size == view.point.size) {
    if (point.root != view.point.root) return Fork(view, step.checkpoint, signer.text, true);
    return LedgerAdvance{.view = view, .fork = std::nullopt};
  }
  const Status contains =
      crypto::VerifyConsistency(view.point.size, view.point.root, point.size, point.root, step.consistency);
  if (!contains) return Fork(view, step.checkpoint, signer.text, false);
  if (signer.index < view.boot_entry) return VerificationFailed("the checkpoint is signed by an older boot");
  LedgerView next = view;
  next.point = point;
  next.checkpoint = step.checkpoint;
  next.boot_entry = signer.index;
  next.boot_text = signer.text;
  next.boot = signer.boot;
  return LedgerAdvance{.view = std::move(next), .fork = std::nullopt};
}

codec::Json EncodeView(const LedgerView& view) {
  codec::JsonObject json;
  json["environment"] = view.environment.str();
  json["checkpoint"] = view.checkpoint;
  json["entry_0"] = agreement::HexDigest(view.entry_0);
  json["boot_entry"] = static_cast<std::int64_t>(view.boot_entry);
  json["boot"] = view.boot_text;
  return json;
}

Result<LedgerView> DecodeView(const codec::Json& json) {
  codec::ObjectReader in(json, "view");
  EnvironmentId environment = agreement::ReadEnvironmentId(in, "environment");
  std::string checkpoint = in.String("checkpoint", kCheckpointBytesMax);
  const Digest256 entry_0 = in.HexDigest("entry_0");
  const auto boot_entry = static_cast<std::uint64_t>(in.Integer("boot_entry", 0, agreement::kLedgerSizeMax));
  std::string boot_text = in.String("boot", kEntryBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(Entry entry, DecodeEntry(boot_text));
  auto* boot = std::get_if<BootEntry>(&entry.body);
  if (boot == nullptr) return InvalidArgument("view.boot is no boot entry");
  CLOISTER_ASSIGN(const VerifiedCheckpoint verified, VerifyCheckpoint(checkpoint, environment, boot->checkpoint_key));
  return LedgerView{.environment = std::move(environment),
                    .point = verified.point(),
                    .checkpoint = std::move(checkpoint),
                    .entry_0 = entry_0,
                    .boot_entry = boot_entry,
                    .boot_text = std::move(boot_text),
                    .boot = std::move(*boot)};
}

codec::Json EncodeFork(const ForkProof& fork) {
  codec::JsonObject json;
  json["environment"] = fork.environment.str();
  json["first"] = fork.first;
  json["second"] = fork.second;
  json["first_boot"] = fork.first_boot;
  json["second_boot"] = fork.second_boot;
  json["self_evident"] = fork.self_evident;
  return json;
}

}  // namespace cloister::ledger
