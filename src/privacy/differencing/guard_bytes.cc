// The guard's history as bytes. Big-endian; texts and lists with their length first.
//
//   u8 version 1
//   names:     u32 count, each u16 length and bytes, in the order of their numbers
//   datasets:  u32 count, each u32 name
//     singles:   u32 count, each measures, u64 all, u32 k, u8 is_sum, set
//     families:  u32 count, each measures, u32 k, u32 cells, each a set, u32 hidden cells, each a set
//   measures: u16 count, each u32 name, ascending

#include <algorithm>

#include "privacy/differencing/differencing_guard.h"

namespace cloister::privacy {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNamesMax = 1 << 20;

template <typename T>
void Put(Bytes& out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// Reads forward and remembers that something was missing.
class Cursor {
 public:
  explicit Cursor(ByteView in) : in_(in) {}

  template <typename T>
  T Take() {
    std::uint64_t value = 0;
    if (in_.size() < sizeof(T)) ok_ = false;
    for (std::size_t i = 0; ok_ && i < sizeof(T); ++i) value = value << 8 | in_[i];
    if (ok_) in_ = in_.subspan(sizeof(T));
    return static_cast<T>(value);
  }
  std::string TakeText() {
    const auto length = Take<std::uint16_t>();
    if (length > in_.size() || length > kGuardNameBytesMax) ok_ = false;
    if (!ok_) return {};
    std::string text(AsText(in_.first(length)));
    in_ = in_.subspan(length);
    return text;
  }
  UnitSet TakeSet() {
    if (!ok_) return {};
    auto set = UnitSet::DecodeFrom(in_);
    ok_ = set.has_value() && !set->empty();
    return ok_ ? std::move(*set) : UnitSet();
  }
  void Require(bool condition) { ok_ = ok_ && condition; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return in_.empty(); }

 private:
  ByteView in_;
  bool ok_ = true;
};

void PutMeasures(Bytes& out, const std::vector<std::uint32_t>& measures) {
  Put(out, static_cast<std::uint16_t>(measures.size()));
  for (const std::uint32_t name : measures) Put(out, name);
}

std::vector<std::uint32_t> TakeMeasures(Cursor& in, std::size_t names) {
  std::vector<std::uint32_t> measures(in.Take<std::uint16_t>());
  in.Require(!measures.empty());
  for (std::size_t i = 0; in.ok() && i < measures.size(); ++i) {
    measures[i] = in.Take<std::uint32_t>();
    in.Require(measures[i] < names && (i == 0 || measures[i - 1] < measures[i]));
  }
  return measures;
}

}  // namespace

Bytes DifferencingGuard::Encode() const {
  Bytes out{kVersion};
  std::vector<std::string> names(names_.size());
  for (const auto& [name, number] : names_) names[number] = name;
  Put(out, static_cast<std::uint32_t>(names.size()));
  for (const std::string& name : names) {
    Put(out, static_cast<std::uint16_t>(name.size()));
    Append(out, AsBytes(name));
  }
  Put(out, static_cast<std::uint32_t>(histories_.size()));
  for (const auto& [dataset, history] : histories_) {
    Put(out, dataset);
    Put(out, static_cast<std::uint32_t>(history.singles.size()));
    for (const Single& single : history.singles) {
      PutMeasures(out, single.measures);
      Put(out, single.all);
      Put(out, static_cast<std::uint32_t>(single.k));
      Put(out, static_cast<std::uint8_t>(single.is_sum ? 1 : 0));
      single.units->EncodeTo(out);
    }
    Put(out, static_cast<std::uint32_t>(history.families.size()));
    for (const Family& family : history.families) {
      PutMeasures(out, family.measures);
      Put(out, static_cast<std::uint32_t>(family.k));
      Put(out, static_cast<std::uint32_t>(family.cells.size()));
      for (const SetPtr& cell : family.cells) cell->EncodeTo(out);
      Put(out, static_cast<std::uint32_t>(family.hidden.size()));
      for (const SetPtr& cell : family.hidden) cell->EncodeTo(out);
    }
  }
  return out;
}

Result<DifferencingGuard> DifferencingGuard::Decode(ByteView bytes) {
  DifferencingGuard guard;
  Cursor in(bytes);
  in.Require(in.Take<std::uint8_t>() == kVersion);
  const auto names = in.Take<std::uint32_t>();
  in.Require(names <= kNamesMax);
  for (std::uint32_t i = 0; in.ok() && i < names; ++i) in.Require(guard.names_.emplace(in.TakeText(), i).second);
  const auto take_k = [&] {
    const auto k = static_cast<std::int64_t>(in.Take<std::uint32_t>());
    in.Require(k >= 1 && k <= kGuardGroupSizeMax);
    return k;
  };
  const auto datasets = in.Take<std::uint32_t>();
  for (std::uint32_t i = 0; in.ok() && i < datasets; ++i) {
    const auto dataset = in.Take<std::uint32_t>();
    in.Require(dataset < names && (guard.histories_.empty() || guard.histories_.rbegin()->first < dataset));
    History& history = guard.histories_[dataset];
    const auto singles = in.Take<std::uint32_t>();
    in.Require(singles <= kGuardCellsMax);
    for (std::uint32_t j = 0; in.ok() && j < singles; ++j) {
      Single single{.measures = TakeMeasures(in, names), .all = in.Take<std::uint64_t>(), .k = take_k()};
      const auto is_sum = in.Take<std::uint8_t>();
      single.is_sum = is_sum == 1;
      single.units = std::make_shared<const UnitSet>(in.TakeSet());
      in.Require(is_sum <= 1 && single.units->size() <= single.all);
      guard.bytes_ += single.units->MemoryBytes() + kEntryBytes;
      if (in.ok()) in.Require(history.Add(std::move(single)));
    }
    const auto families = in.Take<std::uint32_t>();
    for (std::uint32_t j = 0; in.ok() && j < families; ++j) {
      Family family{.measures = TakeMeasures(in, names), .k = take_k()};
      const auto cells = in.Take<std::uint32_t>();
      in.Require(cells >= 1 && cells <= kGuardCellsMax);
      std::vector<UnitSet> sets;
      std::uint64_t size = 0;
      for (std::uint32_t c = 0; in.ok() && c < cells; ++c) {
        sets.push_back(in.TakeSet());
        size += sets.back().size();
        in.Require(family.cells.empty() || family.cells.back()->size() <= sets.back().size());
        family.cells.push_back(std::make_shared<const UnitSet>(sets.back()));
      }
      family.sum = UnitSet::UnionOf(std::move(sets));
      in.Require(family.sum.size() == size);
      const auto hidden = in.Take<std::uint32_t>();
      for (std::uint32_t c = 0; in.ok() && c < hidden; ++c)
        family.hidden.push_back(std::make_shared<const UnitSet>(in.TakeSet()));
      guard.bytes_ += family.sum.MemoryBytes() + kEntryBytes + family.cells.size() * sizeof(SetPtr);
      if (in.ok()) in.Require(history.Add(std::move(family)));
    }
  }
  if (!in.ok() || !in.AtEnd()) return InvalidArgument("the bytes are no history of released groups");
  return guard;
}

}  // namespace cloister::privacy
