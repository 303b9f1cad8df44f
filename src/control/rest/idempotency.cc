#include "control/rest/idempotency.h"

#include <algorithm>
#include <set>

#include "codec/text.h"
#include "control/rest/problem.h"
#include "net/server/problem.h"

namespace cloister::control {
namespace {

constexpr std::size_t kKeyCharsMax = 128;
constexpr std::size_t kNoteDigits = 16;

// The keys whose first request is in work in this process, of all routes.
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

InWork& AllInWork() {
  static InWork all;
  return all;
}

Result<std::string> ReadKey(const std::string& field) {
  const bool visible = std::all_of(field.begin(), field.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (field.empty() || field.size() > kKeyCharsMax || !visible) {
    return InvalidArgument("'Idempotency-Key' must be 1 to 128 visible ASCII characters, such as a UUID");
  }
  return field;
}

std::string HeadOf(const net::Request& request) {
  std::string head = request.method + "\n" + request.path + "\n";
  for (const auto& [name, value] : request.query) head += name + "=" + value + "\n";
  return head;
}

// What was done, or refused for what it asks. A request that was not even understood did nothing and uses up no key:
// its sender mends it and sends it again. Nor is kept what may go better next time.
bool IsLasting(int status) { return (status >= 200 && status < 300) || status == 422; }

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

OnceAsked::OnceAsked(const Api& api, Key key, std::string head)
    : api_(api), key_(std::move(key)), head_(std::move(head)) {
  in_work_ = AllInWork().Enter(key_.user.str() + "\n" + key_.text);
}

OnceAsked::~OnceAsked() {
  if (in_work_) AllInWork().Leave(key_.user.str() + "\n" + key_.text);
}

Result<std::unique_ptr<OnceAsked>> OnceAsked::Read(const Api& api, const net::Request& request) {
  const std::string* field = request.Header("idempotency-key");
  if (field == nullptr) return std::unique_ptr<OnceAsked>();
  CLOISTER_ASSIGN(const std::string key, ReadKey(*field));
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  std::unique_ptr<OnceAsked> once(new OnceAsked(api, {.user = caller.user.id, .text = key}, HeadOf(request)));
  if (!once->in_work_) return Conflict("the first request with this Idempotency-Key is still in work");
  return once;
}

Result<net::Response> OnceAsked::Do(const Digest256& body, const Work& work) {
  IdempotencyRecord record{.user = key_.user,
                           .key = key_.text,
                           .request_digest = crypto::Sha256({AsBytes(head_), ByteView(body)}),
                           .answer = std::nullopt,
                           .created_at = {api_.clock.Now().unix_ms / 1000 * 1000}};
  CLOISTER_ASSIGN(const auto before, api_.store.idempotency.Begin(record));
  if (before && before->request_digest != record.request_digest) return UsedForAnother();
  if (before && before->answer) return Replay(api_, *before->answer);
  if (before) record = *before;
  auto answered = work(NoteOf(record));
  net::Response response = answered ? *std::move(answered) : RenderProblem(answered.error());
  CLOISTER_TRY(Keep(api_, record, response));
  return response;
}

net::Handler Idempotent(const Api& api, net::Handler inner) {
  return [&api, inner = std::move(inner)](const net::Request& request) -> Result<net::Response> {
    CLOISTER_ASSIGN(const auto once, OnceAsked::Read(api, request));
    if (once == nullptr) return inner(request);
    return once->Do(crypto::Sha256(AsBytes(request.body)), [&](const std::string& note) {
      net::Request again = request;
      again.note = note;
      return inner(again);
    });
  };
}

RequestIds::RequestIds(const Api& api, const net::Request& request) : api_(api) {
  if (request.note.size() <= kNoteDigits) return;
  fixed_ = true;
  for (const char c : request.note.substr(0, kNoteDigits)) clock_.now.unix_ms = clock_.now.unix_ms * 10 + (c - '0');
  const SecretBytes key = api.vault.DeriveKey("idempotent ids");
  const Digest256 seed = crypto::HmacSha256(key.view(), AsBytes(request.note));
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
