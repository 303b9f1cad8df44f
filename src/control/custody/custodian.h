#pragma once

// The server in the place of a participant whose key it keeps (custody `server`). It does what a client does,
// with the same code and in the same order, and believes the enclave no more than a client would:
//
//   fresh nonce -> evidence -> appraisal under the charter -> keys of this boot; archived evidence of every
//   earlier boot checkpoint -> signed by those keys -> the state folded from all entries -> it continues the
//   one verified last body -> link, stored before it is sent -> enclave
//
// Thread-safe; the links of one environment are made one after the other.

#include <functional>
#include <optional>
#include <string>

#include "agreement/link.h"
#include "attestation/enclave_appraisal.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"
#include "control/custody/key_vault.h"
#include "control/store/store.h"
#include "control/workflow/environment_session.h"

namespace cloister::control {

// What was verified just now for one participant.
struct VerifiedView {
  agreement::Charter charter;
  attestation::VerifiedEnclave enclave;
  agreement::LedgerPoint point;
  Digest256 entry_0{};  // leaf hash
};

// Which charter a link is about.
enum class LinkCharter { kInForce, kProposed };

class Custodian {
 public:
  struct Parts {
    Store& store;
    const KeyVault& vault;
    const Clock& clock;
    Rng& rng;
  };
  explicit Custodian(Parts parts) : parts_(parts) {}

  struct Said {
    RecordedLink recorded;
    Digest256 digest{};  // of the link
  };
  using MakeBody = std::function<Result<agreement::LinkBody>(const VerifiedView&)>;
  struct Statement {
    LinkCharter which = LinkCharter::kInForce;
    const MakeBody& make;
    std::string_view note = {};  // of a request that may come again (rest/idempotency.h): it says one thing, once
    // Nothing is said that the ledger would only record as refused: kPermissionDenied where the participant has no say,
    // otherwise kFailedPrecondition, with the ledger's reasons.
    bool only_with_effect = false;
    // The query that he rejects. An approval of it whose answer was lost is given up, not sent before (ADR 19).
    std::optional<Digest256> rejects = {};
  };
  // Makes and sends what `make` answers for the view. `key` has custody `server`.
  Result<Said> Say(EnvironmentSession& session, const ParticipantKeyRecord& key, const Statement& statement);

  // Accepts the proposed charter, and signs the participant's own manifests anew under it, unchanged, so that they
  // are in force from the moment it is. Answers the acceptance.
  Result<Said> Accept(EnvironmentSession& session, const ParticipantKeyRecord& key);

  // His terms changed after he had accepted the proposed charter: signs his manifests for it once more, as they are
  // now. Nothing where no proposal stands that he has accepted.
  Status RenewForProposal(EnvironmentSession& session, const ParticipantKeyRecord& key);

  // What this participant seals his datasets to: an age recipient of the enclave that was verified just now.
  Result<std::string> RecipientFor(EnvironmentSession& session, const ParticipantKeyRecord& key);

  // Opens a sealed result that has this participant among its recipients.
  Result<Bytes> OpenResult(const ParticipantKeyRecord& key, ByteView sealed, std::size_t plaintext_bytes_max) const;

 private:
  // This participant's acceptance of that charter, once it is recorded.
  static std::optional<Said> Accepted(const EnvironmentSession& session, std::string_view thumbprint,
                                      const Digest256& charter);
  Result<VerifiedView> Verify(EnvironmentSession& session, const ParticipantKeyRecord& key, LinkCharter which);
  Result<attestation::VerifiedEnclave> Appraise(EnvironmentSession& session, const agreement::Charter& charter);
  Status CheckLedger(EnvironmentSession& session, const attestation::VerifiedEnclave& enclave, VerifiedView& view);
  Status RenewManifests(EnvironmentSession& session, const ParticipantKeyRecord& key, const Digest256& charter);
  // What was left behind is sent. Answered instead where `rejects` gives it up; the rejection takes its place.
  Result<std::optional<CustodyLink>> Resend(EnvironmentSession& session, const ParticipantKeyRecord& key,
                                            const std::optional<Digest256>& rejects);
  Result<std::optional<Said>> SaidBefore(const EnvironmentSession& session, std::string_view thumbprint,
                                         std::string_view note);
  Result<RecordedLink> Send(EnvironmentSession& session, std::string_view thumbprint, const CustodyLink& link);
  Result<ParticipantSecrets> Open(const ParticipantKeyRecord& key) const;

  const Parts parts_;
};

}  // namespace cloister::control
