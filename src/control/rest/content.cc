// PUT /api/tee/datasets/{id}/content: the plain file in one request, for owners whose keys the server keeps.
// POST /api/tee/datasets/{id}/mark-available: everything is there; let it be used.

#include <atomic>

#include "control/rest/content_digest.h"
#include "control/rest/idempotency.h"
#include "control/rest/manifests.h"
#include "control/rest/problem.h"
#include "control/rest/routes.h"
#include "control/rest/sealed_intake.h"
#include "control/rest/statements.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kMarkWaitMs = 8'000;  // for the enclave's verdict on a file; then 202
constexpr int kMarkWaitersMax = 2;            // of the server's workers; others are answered 202 at once
constexpr std::int64_t kLookAgainMs = 100;
constexpr std::size_t kBucketPieceBytes = 256 << 10;

class ContentSink final : public net::BodySink {
 public:
  struct Parts {
    DatasetAccess access;
    std::unique_ptr<OnceAsked> once;  // null without Idempotency-Key
    std::optional<Digest256> announced;
    std::unique_ptr<SealedIntake> intake;
  };
  ContentSink(const Api& api, Parts parts) : api_(api), parts_(std::move(parts)) {}

  Status Write(ByteView piece) override {
    written_ += piece.size();
    if (parts_.once || parts_.announced) digest_.Update(piece);
    return parts_.intake->Write(piece);
  }
  Result<net::Response> Finish() override {
    if (written_ == 0) return InvalidArgument("the request body must be the file, and is empty");
    const Digest256 digest = digest_.Finish();
    if (parts_.announced && digest != *parts_.announced) {
      return InvalidArgument("the body is not the one that 'Content-Digest' announces");
    }
    if (!parts_.once) return Record();
    return parts_.once->Do(digest, [this](const std::string& note) {
      parts_.access.member.caller.note = note;
      return Record();
    });
  }

 private:
  Result<net::Response> Record() {
    const DatasetAccess& access = parts_.access;
    CLOISTER_ASSIGN(const agreement::SealedObjectRef object, parts_.intake->Finish());
    CLOISTER_ASSIGN(const RecordedLink recorded, RecordManifest(api_, access, {.object = object}, std::nullopt));
    // An earlier attempt of this request came as far as the ledger: the file is there already.
    MutexLock lock(access.member.session->terms_mutex());
    if (!recorded.refused && !IsNamed(access, object)) CLOISTER_TRY(parts_.intake->GiveUp());
    return AnswerDataset(api_, access, 200, recorded,
                         "The server sealed the file to the enclave and signed its manifest for you.");
  }

  const Api& api_;
  Parts parts_;
  crypto::Sha256Stream digest_;
  std::uint64_t written_ = 0;
};

Result<std::unique_ptr<net::BodySink>> OpenContent(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const auto announced, ReadContentDigest(request));
  CLOISTER_ASSIGN(auto once, OnceAsked::Read(api, request));
  CLOISTER_ASSIGN(auto intake, SealedIntake::Start(api, access));
  return std::unique_ptr<net::BodySink>(std::make_unique<ContentSink>(
      api, ContentSink::Parts{.access = std::move(access),
                              .once = std::move(once),
                              .announced = announced,
                              .intake = std::move(intake)}));
}

struct Fetched {
  std::unique_ptr<SealedIntake> intake;
  agreement::SealedObjectRef object;
};
Result<Fetched> FetchFromBucket(const Api& api, const DatasetAccess& access) {
  CLOISTER_ASSIGN(const auto source, api.buckets->Open(*access.dataset.bucket, *access.dataset.bucket_path));
  Fetched fetched;
  CLOISTER_ASSIGN(fetched.intake, SealedIntake::Start(api, access));
  Bytes piece(kBucketPieceBytes);
  for (;;) {
    CLOISTER_ASSIGN(const std::size_t got, source->Read(piece));
    if (got == 0) break;
    CLOISTER_TRY(fetched.intake->Write(ByteView(piece).first(got)));
  }
  CLOISTER_ASSIGN(fetched.object, fetched.intake->Finish());
  return fetched;
}

// Fetched where it has not come by itself.
Result<std::optional<Fetched>> FetchIfAbsent(const Api& api, const DatasetAccess& access) {
  CLOISTER_ASSIGN(const auto newest, api.store.datasets.NewestFile(access.dataset.id));
  if (newest) return std::optional<Fetched>();
  if (access.dataset.bucket && api.buckets != nullptr) {
    CLOISTER_ASSIGN(Fetched fetched, FetchFromBucket(api, access));
    return std::optional(std::move(fetched));
  }
  return FailedPrecondition("there is no file yet; upload it with PUT /api/tee/datasets/{id}/content");
}

// The manifest in force, where it is the one that the request is about.
Result<std::optional<RecordedLink>> StandsAlready(const DatasetAccess& access,
                                                  const std::optional<std::string>& document) {
  auto standing = LinkInForce(access);
  if (!standing || !document) return standing;
  CLOISTER_ASSIGN(const Digest256 digest, crypto::JwsDigest(*document));
  const bool same = access.member.session->Look(
      [&](const ledger::LedgerState& state) { return state.EntryOfLink(digest) == standing->entry; });
  if (!same) return Conflict("another manifest is in force; a new one goes to .../policy, .../versions or .../uploads");
  return standing;
}

// Under the session's terms_mutex(): of several who ask at once one signs, and the others find it in force.
Result<RecordedLink> SignOnce(const Api& api, DatasetAccess access, const std::optional<Fetched>& fetched,
                              const std::optional<std::string>& document) {
  CLOISTER_TRY(LookAgain(api, access));
  CLOISTER_ASSIGN(auto standing, StandsAlready(access, document));
  if (standing) return *std::move(standing);
  if (fetched) return RecordTerms(api, access, fetched->object, document);
  CLOISTER_ASSIGN(const auto newest, api.store.datasets.NewestFile(access.dataset.id));
  if (!newest) return FailedPrecondition("the dataset's file went meanwhile; upload it again");
  return RecordTerms(api, access, *newest, document);
}

Result<RecordedLink> SignForFile(const Api& api, const DatasetAccess& access,
                                 const std::optional<std::string>& document) {
  CLOISTER_ASSIGN(auto standing, StandsAlready(access, document));
  if (standing) return *std::move(standing);
  CLOISTER_ASSIGN(const auto fetched, FetchIfAbsent(api, access));
  if (const auto enclave = access.member.session->AwaitEnclave(); !enclave) return enclave.error();
  MutexLock lock(access.member.session->terms_mutex());
  CLOISTER_ASSIGN(RecordedLink recorded, SignOnce(api, access, fetched, document));
  // Somebody else fetched it meanwhile, and signed for his.
  if (fetched && !recorded.refused && !IsNamed(access, fetched->object)) CLOISTER_TRY(fetched->intake->GiveUp());
  return recorded;
}

// A worker that waits serves nobody: few may at once, so that files that load slowly do not hold the server up.
class WaitingPlace {
 public:
  WaitingPlace() : taken_(waiting_.fetch_add(1) < kMarkWaitersMax) {}
  ~WaitingPlace() { waiting_.fetch_sub(1); }
  WaitingPlace(const WaitingPlace&) = delete;
  WaitingPlace& operator=(const WaitingPlace&) = delete;
  bool taken() const { return taken_; }

 private:
  static inline std::atomic<int> waiting_ = 0;
  const bool taken_;
};

// No verdict comes from an enclave that is stopped.
Status MayLoad(const Member& member) {
  CLOISTER_TRY(RequireLiving(member));
  if (member.session->health().lifecycle != Lifecycle::kSuspended) return {};
  return FailedPrecondition("the environment is suspended; resume it");
}

// Until the enclave has said whether the file is what its manifest says.
Result<DatasetStatus> AwaitVerdict(const Api& api, const DatasetAccess& access) {
  const WaitingPlace place;
  const std::int64_t due_ms = api.clock.MonotonicMs() + (place.taken() ? kMarkWaitMs : 0);
  std::uint64_t seen = access.member.session->WaitForNews(0, 0);
  for (;;) {
    CLOISTER_ASSIGN(const auto dataset, api.store.datasets.Find(access.dataset.id));
    if (!dataset) return NotFound("there is no such dataset");
    const bool decided = dataset->status == DatasetStatus::kAvailable || dataset->status == DatasetStatus::kFailed;
    if (!decided) CLOISTER_TRY(MayLoad(access.member));
    if (decided || api.clock.MonotonicMs() >= due_ms) return dataset->status;
    seen = access.member.session->WaitForNews(seen, kLookAgainMs);
  }
}

Result<net::Response> MarkAvailable(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(RequireLiving(access.member));
  CLOISTER_ASSIGN(const RecordedLink recorded, SignForFile(api, access, document));
  if (recorded.refused) return AnswerWithoutEffect(recorded);  // there is nothing that the enclave would load
  CLOISTER_ASSIGN(const DatasetStatus status, AwaitVerdict(api, access));
  if (status == DatasetStatus::kFailed) {
    CLOISTER_ASSIGN(const auto dataset, api.store.datasets.Find(access.dataset.id));
    return Error{Code::kRefused, "the enclave could not load the file: " +
                                     (dataset ? dataset->error.value_or("it is unreadable") : "it is gone")};
  }
  if (status != DatasetStatus::kAvailable) {
    return AnswerDataset(api, access, 202, recorded, "The enclave is still loading it; look again.");
  }
  const bool open = access.member.session->Look([&](const ledger::LedgerState& state) {
    const auto* manifest = state.ManifestInForce(access.dataset.id);
    return manifest != nullptr && !manifest->manifest.policy.levels.empty();
  });
  return AnswerDataset(api, access, 200, recorded,
                       open ? "The enclave has loaded it; queries may read it."
                            : "The enclave has loaded it; its policy lets no query read it yet.");
}

}  // namespace

void AddContentRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/datasets/{id}";
  router.AddUpload("PUT", base + "/content", agreement::kSealedObjectBytesMax,
                   [&api](const net::Request& request) { return OpenContent(api, request); });
  router.Add("POST", base + "/mark-available",
             [&api](const net::Request& request) { return MarkAvailable(api, request); });
}

}  // namespace cloister::control
