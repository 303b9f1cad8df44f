#include "sealing/seal_writer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "crypto/digest.h"
#include "sealing/age_header.h"
#include "sealing/age_stanza.h"
#include "sealing/chunk_crew.h"
#include "sealing/page_buffer.h"
#include "sealing/payload.h"

namespace cloister::sealing {
namespace {

// Chunks lie in a ring of slots, sealed in place, and go to the sink in runs of whole batches: a batch stays
// in the second-level cache between reading, sealing, hashing and writing, and is long enough that system
// calls do not count.
constexpr std::uint64_t kBatchChunks = 8;
constexpr std::uint64_t kRingChunksMax = 4 * kBatchChunks;
constexpr std::uint64_t RingChunks(int threads) { return threads > 1 ? kRingChunksMax : 2 * kBatchChunks; }
static_assert(kRingChunksMax * kSealedChunkBytes < 3 << 20);

struct Prologue {
  std::string header;
  ByteArray<kPayloadNonceBytes> payload_nonce{};
  SecretBytes payload_key;
};

Result<Prologue> MakePrologue(const SealOptions& options) {
  if (options.recipients.empty()) return InvalidArgument("nobody to seal to: name at least one recipient");
  if (options.recipients.size() > kAgeRecipientsMax) {
    return InvalidArgument("more than 1024 recipients of one file");
  }
  SecretBytes file_key(kFileKeyBytes);
  options.rng.Fill(file_key.mutable_view());
  std::vector<AgeStanza> stanzas;
  for (const AgeRecipient& recipient : options.recipients) {
    CLOISTER_ASSIGN(AgeStanza stanza, WrapFileKey(file_key, recipient, options.rng));
    stanzas.push_back(std::move(stanza));
  }
  Prologue prologue;
  prologue.header = WriteAgeHeader(stanzas, file_key);
  options.rng.Fill(prologue.payload_nonce);
  prologue.payload_key = PayloadKey(file_key, prologue.payload_nonce);
  return prologue;
}

}  // namespace

// Chunks `written_` to `filling_` are in the ring: written to the sink are those before, being filled is the
// last.
struct AgeWriter::State {
  State(const SealOptions& options, const Prologue& prologue, bool with_content_root)
      : sink(options.sink),
        ring_chunks(RingChunks(options.threads)),
        slots(ring_chunks * kSealedChunkBytes),
        ciphers{ChunkCipher(prologue.payload_key), ChunkCipher(prologue.payload_key)},
        ref{.header_digest = crypto::Sha256(AsBytes(prologue.header))},
        crew(options.threads, [this](int worker, std::uint64_t chunk) { SealChunk(worker, chunk); }) {
    if (with_content_root) root.emplace(prologue.payload_nonce);
  }

  std::span<std::uint8_t> Slot(std::uint64_t chunk, std::size_t size) const {
    return slots.At(chunk % ring_chunks * kSealedChunkBytes, size);
  }
  bool IsLast(std::uint64_t chunk) const { return ending && chunk == filling; }
  std::size_t SealedBytes(std::uint64_t chunk) const {
    return IsLast(chunk) ? filled_bytes + kChunkTagBytes : kSealedChunkBytes;
  }

  // On either thread, for a chunk that nobody else touches.
  void SealChunk(int worker, std::uint64_t chunk) {
    const auto sealed = Slot(chunk, SealedBytes(chunk));
    ciphers[static_cast<std::size_t>(worker)].Seal({.index = chunk, .last = IsLast(chunk)},
                                                   sealed.first(sealed.size() - kChunkTagBytes), sealed);
    if (root) leaves[chunk % ring_chunks] = ContentRoot::ChunkLeaf(sealed);
  }

  Status Emit(ByteView piece) {
    auto written_piece = sink.Write(piece);
    if (!written_piece) failure = written_piece.error();
    ref.length_bytes += piece.size();
    return written_piece;
  }

  // Hands `count` submitted chunks, which do not wrap around the ring, to the sink.
  Status WriteChunks(std::uint64_t count) {
    crew.FinishUpTo(written + count);
    std::size_t size = 0;
    for (std::uint64_t chunk = written; chunk < written + count; ++chunk) {
      size += SealedBytes(chunk);
      if (root) root->AddChunk(leaves[chunk % ring_chunks]);
    }
    const auto run = Slot(written, size);
    written += count;
    return Emit(run);
  }

  ByteSink& sink;
  const std::uint64_t ring_chunks;
  const PageBuffer slots;
  std::array<ChunkCipher, ChunkCrew::kThreadsMax> ciphers;
  std::array<Digest256, kRingChunksMax> leaves{};
  std::optional<ContentRoot> root;
  SealedObjectRef ref;
  std::uint64_t written = 0;
  std::uint64_t filling = 0;
  std::size_t filled_bytes = 0;
  bool ending = false;
  std::optional<Error> failure;
  ChunkCrew crew;  // last: its helper ends before anything it works on
};

AgeWriter::AgeWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AgeWriter::~AgeWriter() = default;
AgeWriter::AgeWriter(AgeWriter&&) noexcept = default;
AgeWriter& AgeWriter::operator=(AgeWriter&&) noexcept = default;

Result<AgeWriter> AgeWriter::Start(const SealOptions& options) { return StartWith(options, false); }

Result<AgeWriter> AgeWriter::StartWith(const SealOptions& options, bool with_content_root) {
  CLOISTER_ASSIGN(const Prologue prologue, MakePrologue(options));
  auto state = std::make_unique<State>(options, prologue, with_content_root);
  CLOISTER_TRY(state->Emit(AsBytes(prologue.header)));
  CLOISTER_TRY(state->Emit(prologue.payload_nonce));
  return AgeWriter(std::move(state));
}

// The rest of the chunk in hand, or, if that is full, the next slot. Whether a full chunk is the last one is
// known only when more plaintext comes, so it is submitted by Commit and not here.
Result<std::span<std::uint8_t>> AgeWriter::Reserve() {
  State& s = *state_;
  if (s.failure) return *s.failure;
  CLOISTER_CHECK(!s.ending);
  if (s.filled_bytes < kChunkBytes) return s.Slot(s.filling, kChunkBytes).subspan(s.filled_bytes);
  if (s.filling + 1 - s.written == s.ring_chunks) CLOISTER_TRY(s.WriteChunks(kBatchChunks));
  return s.Slot(s.filling + 1, kChunkBytes);
}

Status AgeWriter::Commit(std::size_t bytes) {
  State& s = *state_;
  if (s.failure) return *s.failure;
  if (bytes == 0) return {};
  if (s.filled_bytes == kChunkBytes) {
    s.crew.Submit(++s.filling);
    s.filled_bytes = 0;
  }
  CLOISTER_CHECK(bytes <= kChunkBytes - s.filled_bytes);
  s.filled_bytes += bytes;
  return {};
}

Status AgeWriter::Write(ByteView plaintext) {
  while (!plaintext.empty()) {
    CLOISTER_ASSIGN(const auto room, Reserve());
    const std::size_t count = std::min(room.size(), plaintext.size());
    std::copy_n(plaintext.begin(), count, room.begin());
    CLOISTER_TRY(Commit(count));
    plaintext = plaintext.subspan(count);
  }
  return {};
}

Status AgeWriter::Finish() {
  State& s = *state_;
  if (s.failure) return *s.failure;
  CLOISTER_CHECK(!s.ending);
  s.crew.FinishUpTo(s.filling);  // SealChunk looks at `ending`: nobody may be in it when that changes
  s.ending = true;
  s.crew.Submit(s.filling + 1);
  while (s.written <= s.filling) {
    const std::uint64_t to_ring_end = s.ring_chunks - s.written % s.ring_chunks;
    CLOISTER_TRY(s.WriteChunks(std::min({kBatchChunks, to_ring_end, s.filling + 1 - s.written})));
  }
  return {};
}

Result<SealWriter> SealWriter::Start(const SealOptions& options) {
  CLOISTER_ASSIGN(AgeWriter age, AgeWriter::StartWith(options, true));
  return SealWriter(std::move(age));
}

Result<SealedObjectRef> SealWriter::Finish() {
  CLOISTER_TRY(age_.Finish());
  age_.state_->ref.root = age_.state_->root->Root();
  return age_.state_->ref;
}

Result<Bytes> SealBytes(ByteView plaintext, std::span<const AgeRecipient> recipients, Rng& rng) {
  MemorySink file(kAgeHeaderBytesMax + PayloadBytes(plaintext.size()));
  CLOISTER_ASSIGN(auto writer, AgeWriter::Start({.recipients = recipients, .rng = rng, .sink = file}));
  CLOISTER_TRY(writer.Write(plaintext));
  CLOISTER_TRY(writer.Finish());
  return file.Take();
}

}  // namespace cloister::sealing
