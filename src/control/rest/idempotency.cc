#include "control/rest/idempotency.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "codec/text.h"
#include "control/rest/problem.h"
#include "net/server/problem.h"

namespace cloister::control {
namespace {

constexpr std::size_t kKeyCharsMax = 128;
constexpr std::size_t kNoteDigits = 16;

// The keys whose first request is in work in this process.
class InWork {
 public:
  bool Enter(const std::string& name) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return names_.insert(name).second;
  }
  void Leave(const std::string& name) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    names_.erase(name);
  }

 private:
  Mutex mutex_;
  std::set<std::string> names_ CLOISTER_GUARDED_BY(mutex_);
};

// Enters for as long as it lives.
class Entry {
 public:
  Entry(InWork& in_work, std::string name) : in_work_(in_work), name_(std::move(name)), in_(in_work.Enter(name_)) {}
  ~Entry() {
    if (in_) in_work_.Leave(name_);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  bool in() const { return in_; }

 private:
  InWork& in_work_;
  const std::string name_;
  const bool in_;
};

Result<std::string> ReadKey(const std::string& field) {
  const bool visible = std::all_of(field.begin(), field.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (field.empty() || field.size() > kKeyCharsMax || !visible) {
    return InvalidArgument("'Idempotency-Key' must be 1 to 128 visible ASCII characters, such as a UUID");
  }
  return field;
}

Digest256 DigestOf(const net::Request& request) {
  std::string head = request.method + "\n" + request.path + "\n";
  for (const auto& [name, value] : request.query) head += name + "=" + value + "\n";
  return crypto::Sha256({AsBytes(head), AsBytes(std::string_view("\n")), AsBytes(request.body)});
}

// An answer that the same request would get again; what may go better next time is not kept.
bool IsLasting(int status) {
  return (status >= 200 && status < 300) || status == 400 || status == 413 || status == 422;
}

Result<net::Response> Replay(const Api& api, const KeptAnswer& kept) {
  net::Response response;
  response.status = kept.status;
  CLOISTER_ASSIGN(const Bytes sealed, codec::Base64Decode(kept.body));
  CLOISTER_ASSIGN(response.body, api.vault.OpenText(sealed));
  response.headers = {{"content-type", kept.content_type}, {"idempotency-replayed", "true"}};
  return response;
}

// Time and digest that RequestIds makes ids of.
std::string NoteOf(const IdempotencyRecord& record) {
  std::string time = std::to_string(record.created_at.unix_ms);
  time.insert(0, kNoteDigits - std::min(kNoteDigits, time.size()), '0');
  const std::string name = record.user.str() + "\n" + record.key;
  return time + codec::HexEncode(crypto::Sha256(AsBytes(name)));
}

// Answers may hold what is shown once, such as an API key: on the disk they are sealed.
Status Keep(const Api& api, IdempotencyRecord record, const net::Response& response) {
  // It may have been done all the same (an enclave that went away with its answer): the row stays, and with it the ids.
  if (response.status >= 500) return {};
  if (!IsLasting(response.status)) return api.store.idempotency.Forget(record.user, record.key);
  const std::string* type = net::FindHeader(response.headers, "content-type");
  CLOISTER_ASSIGN(const Bytes sealed, api.vault.SealText(response.body));
  record.answer = KeptAnswer{.status = response.status,
                             .content_type = type != nullptr ? *type : "application/json",
                             .body = codec::Base64Encode(sealed)};
  return api.store.idempotency.Finish(record);
}

net::Response UsedForAnother() {
  return net::ProblemResponse({.status = 422,
                               .error = "IDEMPOTENCY_KEY_REUSED",
                               .message = "this Idempotency-Key was used for another request; take a new one"});
}

}  // namespace

net::Handler Idempotent(const Api& api, net::Handler inner) {
  const auto in_work = std::make_shared<InWork>();
  return [&api, in_work, inner = std::move(inner)](const net::Request& request) -> Result<net::Response> {
    const std::string* field = request.Header("idempotency-key");
    if (field == nullptr) return inner(request);
    CLOISTER_ASSIGN(const std::string key, ReadKey(*field));
    CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
    const Entry entry(*in_work, caller.user.id.str() + "\n" + key);
    if (!entry.in()) return Conflict("the first request with this Idempotency-Key is still in work");
    IdempotencyRecord record{.user = caller.user.id,
                             .key = key,
                             .request_digest = DigestOf(request),
                             .answer = std::nullopt,
                             .created_at = {api.clock.Now().unix_ms / 1000 * 1000}};
    CLOISTER_ASSIGN(const auto before, api.store.idempotency.Begin(record));
    if (before && before->request_digest != record.request_digest) return UsedForAnother();
    if (before && before->answer) return Replay(api, *before->answer);
    if (before) record = *before;
    net::Request again = request;
    again.note = NoteOf(record);
    auto answered = inner(again);
    net::Response response = answered ? *std::move(answered) : RenderProblem(answered.error());
    CLOISTER_TRY(Keep(api, record, response));
    return response;
  };
}

RequestIds::RequestIds(const Api& api, const net::Request& request, int attempt) : api_(api) {
  if (request.note.size() <= kNoteDigits) return;
  fixed_ = true;
  for (const char c : request.note.substr(0, kNoteDigits)) clock_.now.unix_ms = clock_.now.unix_ms * 10 + (c - '0');
  const SecretBytes key = api.vault.DeriveKey("idempotent ids");
  const std::string text = request.note + "\n" + std::to_string(attempt);
  const Digest256 seed = crypto::HmacSha256(key.view(), AsBytes(text));
  rng_.seed.assign(seed.begin(), seed.end());
}

void RequestIds::SeededRng::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const Digest256 block = crypto::Sha256({ByteView(seed), ByteView(&count, 1)});
    ++count;
    const std::size_t size = std::min(out.size(), block.size());
    std::copy_n(block.begin(), size, out.begin());
    out = out.subspan(size);
  }
}

}  // namespace cloister::control
