#include "sealing/open_reader.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/digest.h"
#include "sealing/age_header.h"
#include "sealing/age_stanza.h"
#include "sealing/chunk_crew.h"
#include "sealing/page_buffer.h"
#include "sealing/payload.h"
#include "sealing/payload_source.h"

namespace cloister::sealing {
namespace {

// Sealed and opened chunks lie in two rings of slots, read and handed out in batches. Not in place: a chunk
// whose end mark is wrong is looked at twice.
constexpr std::uint64_t kBatchChunks = 8;
constexpr std::uint64_t kRingChunksMax = 4 * kBatchChunks;
constexpr std::uint64_t RingChunks(int threads) { return threads > 1 ? kRingChunksMax : kBatchChunks; }
static_assert(kRingChunksMax * (kSealedChunkBytes + kChunkBytes) < (4 << 20) + (1 << 16));

enum class ChunkState : std::uint8_t {
  kGood,
  kEndTooEarly,  // opens as the last chunk, but more follows
  kEndMissing,   // opens as one before the last, but nothing follows
  kDamaged,
  kCutOff,       // shorter than its tag
};

Error Describe(ChunkState state) {
  switch (state) {
    case ChunkState::kEndTooEarly: return VerificationFailed("the sealed file goes on behind its last chunk");
    case ChunkState::kEndMissing:
    case ChunkState::kCutOff: return {Code::kDataLoss, "the sealed file ends before its last chunk does"};
    case ChunkState::kDamaged: return VerificationFailed("a sealed chunk was changed or moved");
    case ChunkState::kGood: break;
  }
  return Internal("a good chunk is no error");
}

}  // namespace

struct AgeReader::Refusal {
  AgeVerdict verdict;
  Error error;
};

// Chunks `released` to `read_end` are in the rings: what was handed out last goes from `released` to
// `handed_end`.
struct AgeReader::State {
  struct Slot {
    std::size_t sealed_bytes = 0;
    bool last = false;
    ChunkState state = ChunkState::kGood;
    Digest256 leaf{};
  };

  State(int threads, PayloadSource from, const SecretBytes& payload_key)
      : source(std::move(from)),
        ring_chunks(RingChunks(threads)),
        sealed(ring_chunks * kSealedChunkBytes),
        opened(ring_chunks * kChunkBytes),
        ciphers{ChunkCipher(payload_key), ChunkCipher(payload_key)},
        crew(threads, [this](int worker, std::uint64_t chunk) { OpenChunk(worker, chunk); }) {}

  // On either thread, for a chunk that nobody else touches.
  void OpenChunk(int worker, std::uint64_t chunk) {
    Slot& slot = slots[chunk % ring_chunks];
    const ByteView bytes = sealed.At(chunk % ring_chunks * kSealedChunkBytes, slot.sealed_bytes);
    if (root) slot.leaf = ContentRoot::ChunkLeaf(bytes);
    ChunkCipher& cipher = ciphers[static_cast<std::size_t>(worker)];
    slot.state = OpenAs(cipher, {.index = chunk, .last = slot.last}, bytes);
  }

  ChunkState OpenAs(ChunkCipher& cipher, ChunkPlace place, ByteView bytes) const {
    if (bytes.size() < kChunkTagBytes) return ChunkState::kCutOff;
    const auto out = opened.At(place.index % ring_chunks * kChunkBytes, bytes.size() - kChunkTagBytes);
    if (cipher.Open(place, bytes, out)) {
      const bool needless = place.last && place.index > 0 && out.empty();
      return needless ? ChunkState::kDamaged : ChunkState::kGood;
    }
    // What was sealed for this place may be handed out even so; it is the rest of the file that is wrong.
    const bool full = bytes.size() == kSealedChunkBytes;
    if (!full || !cipher.Open({.index = place.index, .last = !place.last}, bytes, out)) {
      return ChunkState::kDamaged;
    }
    return place.last ? ChunkState::kEndMissing : ChunkState::kEndTooEarly;
  }

  Status ReadBatch();
  Status FillRing();
  ByteView TakeRun();

  PayloadSource source;
  const std::uint64_t ring_chunks;
  const PageBuffer sealed;
  const PageBuffer opened;
  std::array<ChunkCipher, ChunkCrew::kThreadsMax> ciphers;
  std::array<Slot, kRingChunksMax> slots{};
  std::optional<ContentRoot> root;
  SealedObjectRef ref;  // of what was read
  std::uint64_t length_bytes_max = ~std::uint64_t{0};
  std::uint64_t released = 0;
  std::uint64_t handed_end = 0;
  std::uint64_t read_end = 0;
  bool source_ended = false;
  std::optional<Error> failure;
  ChunkCrew crew;  // last: its helper ends before anything it works on
};

// One batch, which fits into the ring, or what is left of the file.
Status AgeReader::State::ReadBatch() {
  const std::uint64_t first = read_end % ring_chunks;
  CLOISTER_ASSIGN(const std::size_t size,
                  source.Fill(sealed.At(first * kSealedChunkBytes, kBatchChunks * kSealedChunkBytes)));
  CLOISTER_ASSIGN(source_ended, source.AtEnd());
  if (source.position_bytes() + (source_ended ? 0 : 1) > length_bytes_max) {
    return VerificationFailed("the sealed file is longer than the one that was promised");
  }
  // An empty payload counts as one chunk that is cut off.
  const std::uint64_t chunks = std::max<std::uint64_t>(1, (size + kSealedChunkBytes - 1) / kSealedChunkBytes);
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const bool end_of_batch = i + 1 == chunks;
    slots[first + i].sealed_bytes = end_of_batch ? size - i * kSealedChunkBytes : kSealedChunkBytes;
    slots[first + i].last = source_ended && end_of_batch;
  }
  read_end += chunks;
  crew.Submit(read_end);
  return {};
}

Status AgeReader::State::FillRing() {
  while (!source_ended && read_end + kBatchChunks <= released + ring_chunks) CLOISTER_TRY(ReadBatch());
  return {};
}

// The plaintext of the next batch up to the first chunk that is not in order, whose error becomes `failure`.
ByteView AgeReader::State::TakeRun() {
  const std::uint64_t run_end = std::min(released + kBatchChunks, read_end);
  crew.FinishUpTo(run_end);
  std::size_t size = 0;
  for (handed_end = released; handed_end < run_end && !failure; ++handed_end) {
    const Slot& slot = slots[handed_end % ring_chunks];
    if (root) root->AddChunk(slot.leaf);
    if (slot.state != ChunkState::kGood) failure = Describe(slot.state);
    const bool authentic = slot.state != ChunkState::kDamaged && slot.state != ChunkState::kCutOff;
    if (authentic) size += slot.sealed_bytes - kChunkTagBytes;
  }
  return opened.At(released % ring_chunks * kChunkBytes, size);
}

AgeReader::AgeReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
AgeReader::~AgeReader() = default;
AgeReader::AgeReader(AgeReader&&) noexcept = default;
AgeReader& AgeReader::operator=(AgeReader&&) noexcept = default;

std::optional<AgeReader::Refusal> AgeReader::TryStart(const OpenOptions& options,
                                                      const SealedObjectRef* expected,
                                                      std::unique_ptr<State>& state) {
  PayloadSource source(options.source);
  const auto refuse = [](AgeVerdict verdict, Error error) { return Refusal{verdict, std::move(error)}; };
  auto text = source.ReadHeader();
  if (!text) return refuse(AgeVerdict::kHeaderFailure, text.error());
  const Digest256 header_digest = crypto::Sha256(*text);
  if (expected != nullptr && header_digest != expected->header_digest) {
    return refuse(AgeVerdict::kHeaderFailure,
                  VerificationFailed("another age header than the one that was promised"));
  }
  auto header = ParseAgeHeader(*text);
  if (!header) return refuse(AgeVerdict::kHeaderFailure, header.error());
  auto file_key = UnwrapFileKey(header->stanzas, {options.identities, options.passphrases});
  if (!file_key) return refuse(AgeVerdict::kHeaderFailure, file_key.error());
  if (!file_key->has_value()) {
    return refuse(AgeVerdict::kNoMatch,
                  {Code::kPermissionDenied, "the file is not sealed to any of these identities"});
  }
  auto intact = VerifyAgeHeaderMac(*text, header->mac, **file_key);
  if (!intact) return refuse(AgeVerdict::kHmacFailure, intact.error());
  ByteArray<kPayloadNonceBytes> nonce;
  auto nonce_bytes = source.Fill(nonce);
  if (!nonce_bytes) return refuse(AgeVerdict::kHeaderFailure, nonce_bytes.error());
  if (*nonce_bytes != nonce.size()) {
    return refuse(AgeVerdict::kHeaderFailure, InvalidArgument("the file ends before its payload nonce does"));
  }
  state = std::make_unique<State>(options.threads, std::move(source), PayloadKey(**file_key, nonce));
  state->ref.header_digest = header_digest;
  if (expected != nullptr) {
    state->root.emplace(nonce);
    state->length_bytes_max = expected->length_bytes;
  }
  return std::nullopt;
}

Result<AgeReader> AgeReader::Start(const OpenOptions& options, AgeVerdict& refused_as) {
  std::unique_ptr<State> state;
  auto refusal = TryStart(options, nullptr, state);
  if (!refusal) return AgeReader(std::move(state));
  refused_as = refusal->verdict;
  return std::move(refusal->error);
}

Result<AgeReader> AgeReader::Start(const OpenOptions& options) {
  AgeVerdict unused = AgeVerdict::kHeaderFailure;
  return Start(options, unused);
}

Result<ByteView> AgeReader::Next() {
  State& s = *state_;
  if (s.failure) return *s.failure;
  s.released = s.handed_end;
  if (auto filled = s.FillRing(); !filled) {
    s.failure = filled.error();
    return *s.failure;
  }
  const ByteView run = s.TakeRun();
  if (run.empty() && s.failure) return *s.failure;
  return run;
}

Result<OpenReader> OpenReader::Start(const SealedObjectRef& expected, const OpenOptions& options) {
  std::unique_ptr<AgeReader::State> state;
  if (auto refusal = AgeReader::TryStart(options, &expected, state)) return std::move(refusal->error);
  return OpenReader(AgeReader(std::move(state)), expected);
}

Result<ByteView> OpenReader::NextProvisional() {
  CLOISTER_ASSIGN(const ByteView piece, age_.Next());
  plaintext_bytes_ += piece.size();
  if (!piece.empty() || at_end_) return piece;
  AgeReader::State& s = *age_.state_;
  s.ref.length_bytes = s.source.position_bytes();
  s.ref.root = s.root->Root();
  if (s.ref != expected_) {
    s.failure = VerificationFailed("the sealed file has another length or content root than was promised");
    return *s.failure;
  }
  at_end_ = true;
  return piece;
}

Result<VerifiedObject> OpenReader::Finish() && {
  if (!at_end_) return FailedPrecondition("a sealed object is verified when it was read to its end");
  return VerifiedObject(expected_, plaintext_bytes_);
}

Result<Bytes> OpenBytes(ByteView file, const AgeIdentity& identity, std::size_t plaintext_bytes_max) {
  MemorySource source(file);
  CLOISTER_ASSIGN(auto reader, AgeReader::Start({.source = source, .identities = {&identity, 1}}));
  MemorySink plaintext(plaintext_bytes_max);
  plaintext.Reserve(std::min(plaintext_bytes_max, file.size()));
  for (bool more = true; more;) {
    CLOISTER_ASSIGN(const ByteView piece, reader.Next());
    CLOISTER_TRY(plaintext.Write(piece));
    more = !piece.empty();
  }
  return plaintext.Take();
}

Result<SecretBytes> OpenSecret(ByteView file, const AgeIdentity& identity, std::size_t plaintext_bytes_max) {
  CLOISTER_ASSIGN(Bytes plaintext, OpenBytes(file, identity, plaintext_bytes_max));
  return SecretBytes::TakeFrom(plaintext);
}

}  // namespace cloister::sealing
