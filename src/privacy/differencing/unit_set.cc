#include "privacy/differencing/unit_set.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace cloister::privacy {
namespace {

std::uint16_t HighOf(UnitNumber number) { return static_cast<std::uint16_t>(number >> 16); }
std::uint16_t LowOf(UnitNumber number) { return static_cast<std::uint16_t>(number & 0xffff); }

bool Bit(const std::vector<std::uint64_t>& words, std::uint16_t low) { return (words[low >> 6] >> (low & 63)) & 1; }

void SetBit(std::vector<std::uint64_t>& words, std::uint16_t low) { words[low >> 6] |= std::uint64_t{1} << (low & 63); }

std::uint32_t CountBits(const std::vector<std::uint64_t>& words) {
  std::uint32_t count = 0;
  for (const std::uint64_t word : words) count += static_cast<std::uint32_t>(std::popcount(word));
  return count;
}

// Numbers in both sorted lists: merged, or searched for where one list is much longer.
std::uint64_t CountLists(const std::vector<std::uint16_t>& a, const std::vector<std::uint16_t>& b) {
  constexpr std::size_t kSearchFactor = 16;
  const auto& small = a.size() <= b.size() ? a : b;
  const auto& large = a.size() <= b.size() ? b : a;
  std::uint64_t count = 0;
  auto at = large.begin();
  if (small.size() * kSearchFactor < large.size()) {
    for (const std::uint16_t low : small) {
      at = std::lower_bound(at, large.end(), low);
      if (at == large.end()) break;
      count += *at == low ? 1 : 0;
    }
    return count;
  }
  for (const std::uint16_t low : small) {
    while (at != large.end() && *at < low) ++at;
    if (at == large.end()) break;
    count += *at == low ? 1 : 0;
  }
  return count;
}

}  // namespace

bool UnitSet::Container::Contains(std::uint16_t low) const {
  return IsBitmap() ? Bit(words, low) : std::binary_search(list.begin(), list.end(), low);
}

void UnitSet::Push(Container container) {
  size_ += container.count;
  containers_.push_back(std::move(container));
}

UnitSet::Container UnitSet::FromWords(std::uint16_t key, std::vector<std::uint64_t> words) {
  Container out{.key = key, .count = CountBits(words)};
  if (out.count > kListMax) {
    out.words = std::move(words);
    return out;
  }
  out.list.reserve(out.count);
  for (std::size_t i = 0; i < kWords; ++i) {
    for (std::uint64_t rest = words[i]; rest != 0; rest &= rest - 1) {
      out.list.push_back(static_cast<std::uint16_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
    }
  }
  return out;
}

UnitSet UnitSet::Of(std::vector<UnitNumber> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  CLOISTER_CHECK(numbers.empty() || numbers.back() <= kUnitNumberMax);
  UnitSet set;
  for (std::size_t begin = 0; begin < numbers.size();) {
    const std::uint16_t key = HighOf(numbers[begin]);
    std::size_t end = begin;
    while (end < numbers.size() && HighOf(numbers[end]) == key) ++end;
    Container container{.key = key, .count = static_cast<std::uint32_t>(end - begin)};
    if (end - begin > kListMax) {
      container.words.resize(kWords);
      for (std::size_t i = begin; i < end; ++i) SetBit(container.words, LowOf(numbers[i]));
    } else {
      container.list.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) container.list.push_back(LowOf(numbers[i]));
    }
    set.Push(std::move(container));
    begin = end;
  }
  return set;
}

bool UnitSet::Contains(UnitNumber number) const {
  const auto at = std::lower_bound(containers_.begin(), containers_.end(), HighOf(number),
                                   [](const Container& container, std::uint16_t key) { return container.key < key; });
  return at != containers_.end() && at->key == HighOf(number) && at->Contains(LowOf(number));
}

bool UnitSet::operator==(const UnitSet& other) const {
  return size_ == other.size_ && containers_ == other.containers_;
}

std::vector<UnitNumber> UnitSet::Numbers() const {
  std::vector<UnitNumber> numbers;
  numbers.reserve(size_);
  for (const Container& container : containers_) {
    const UnitNumber base = UnitNumber{container.key} << 16;
    for (const std::uint16_t low : container.list) numbers.push_back(base | low);
    for (std::size_t i = 0; i < container.words.size(); ++i) {
      for (std::uint64_t rest = container.words[i]; rest != 0; rest &= rest - 1) {
        numbers.push_back(base | static_cast<UnitNumber>(i * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
      }
    }
  }
  return numbers;
}

std::uint64_t UnitSet::MemoryBytes() const {
  std::uint64_t bytes = sizeof(UnitSet);
  for (const Container& container : containers_)
    bytes += sizeof(Container) + container.list.capacity() * 2 + container.words.capacity() * 8;
  return bytes;
}

std::uint64_t UnitSet::CountBoth(const Container& a, const Container& b) {
  if (!a.IsBitmap() && !b.IsBitmap()) return CountLists(a.list, b.list);
  std::uint64_t count = 0;
  if (a.IsBitmap() && b.IsBitmap()) {
    for (std::size_t i = 0; i < kWords; ++i)
      count += static_cast<std::uint64_t>(std::popcount(a.words[i] & b.words[i]));
    return count;
  }
  const Container& list = a.IsBitmap() ? b : a;
  const Container& bitmap = a.IsBitmap() ? a : b;
  for (const std::uint16_t low : list.list) count += Bit(bitmap.words, low) ? 1 : 0;
  return count;
}

UnitSet::Remainders UnitSet::CountRemainders() const {
  constexpr std::uint64_t kEverySixteenth = 0x0001'0001'0001'0001;
  Remainders counts{};
  for (const Container& container : containers_) {
    for (const std::uint16_t low : container.list) ++counts[low % kRemainders];
    for (const std::uint64_t word : container.words) {
      for (std::size_t i = 0; i < kRemainders; ++i)
        counts[i] += static_cast<std::uint32_t>(std::popcount(word >> i & kEverySixteenth));
    }
  }
  return counts;
}

std::uint64_t UnitSet::IntersectionSize(const UnitSet& other) const {
  std::uint64_t count = 0;
  auto a = containers_.begin();
  auto b = other.containers_.begin();
  while (a != containers_.end() && b != other.containers_.end()) {
    if (a->key == b->key) {
      count += CountBoth(*a++, *b++);
    } else {
      (a->key < b->key ? a : b)++;
    }
  }
  return count;
}

std::uint64_t UnitSet::CountLacked(const Container& a, const Container& by, std::uint64_t limit) {
  if (a.IsBitmap()) return a.count - CountBoth(a, by);
  std::uint64_t count = 0;
  auto at = by.list.begin();
  for (auto low = a.list.begin(); low != a.list.end() && count < limit; ++low) {
    if (by.IsBitmap()) {
      count += Bit(by.words, *low) ? 0 : 1;
      continue;
    }
    while (at != by.list.end() && *at < *low) ++at;
    count += at != by.list.end() && *at == *low ? 0 : 1;
  }
  return count;
}

std::uint64_t UnitSet::LackedBy(const UnitSet& other, std::uint64_t limit) const {
  std::uint64_t count = 0;
  auto b = other.containers_.begin();
  for (auto a = containers_.begin(); a != containers_.end() && count < limit; ++a) {
    while (b != other.containers_.end() && b->key < a->key) ++b;
    const bool there = b != other.containers_.end() && b->key == a->key;
    count += there ? CountLacked(*a, *b, limit - count) : a->count;
  }
  return std::min(count, limit);
}

UnitSet::Container UnitSet::Merge(const Container& a, const Container& b) {
  if (!a.IsBitmap() && !b.IsBitmap() && a.list.size() + b.list.size() <= kListMax) {
    Container out{.key = a.key};
    out.list.reserve(a.list.size() + b.list.size());
    std::set_union(a.list.begin(), a.list.end(), b.list.begin(), b.list.end(), std::back_inserter(out.list));
    out.count = static_cast<std::uint32_t>(out.list.size());
    return out;
  }
  std::vector<std::uint64_t> words(kWords);
  for (const Container* part : {&a, &b}) {
    for (const std::uint16_t low : part->list) SetBit(words, low);
    for (std::size_t i = 0; i < part->words.size(); ++i) words[i] |= part->words[i];
  }
  return FromWords(a.key, std::move(words));
}

UnitSet UnitSet::Union(const UnitSet& other) const {
  UnitSet out;
  auto a = containers_.begin();
  auto b = other.containers_.begin();
  while (a != containers_.end() || b != other.containers_.end()) {
    if (b == other.containers_.end() || (a != containers_.end() && a->key < b->key)) {
      out.Push(*a++);
    } else if (a == containers_.end() || b->key < a->key) {
      out.Push(*b++);
    } else {
      out.Push(Merge(*a++, *b++));
    }
  }
  return out;
}

// Pair by pair: adding one by one to a large set would copy it each time.
UnitSet UnitSet::UnionOf(std::vector<UnitSet> sets) {
  while (sets.size() > 1) {
    std::vector<UnitSet> next;
    for (std::size_t i = 0; i + 1 < sets.size(); i += 2) next.push_back(sets[i].Union(sets[i + 1]));
    if (sets.size() % 2 == 1) next.push_back(std::move(sets.back()));
    sets = std::move(next);
  }
  return sets.empty() ? UnitSet() : std::move(sets.front());
}

std::optional<std::size_t> UnitSet::PlaceOf(UnitNumber number) const {
  std::size_t before = 0;
  for (const Container& container : containers_) {
    if (container.key < HighOf(number)) {
      before += container.count;
      continue;
    }
    const std::uint16_t low = LowOf(number);
    if (container.key > HighOf(number) || !container.Contains(low)) return std::nullopt;
    if (!container.IsBitmap()) {
      const auto at = std::lower_bound(container.list.begin(), container.list.end(), low);
      return before + static_cast<std::size_t>(at - container.list.begin());
    }
    for (std::size_t word = 0; word < low >> 6; ++word)
      before += static_cast<std::size_t>(std::popcount(container.words[word]));
    const std::uint64_t below = (std::uint64_t{1} << (low & 63)) - 1;
    return before + static_cast<std::size_t>(std::popcount(container.words[low >> 6] & below));
  }
  return std::nullopt;
}

UnitSetBuilder::Part& UnitSetBuilder::FindPart(std::uint16_t key) {
  const auto at = std::lower_bound(parts_.begin(), parts_.end(), key,
                                   [](const Part& part, std::uint16_t other) { return part.key < other; });
  last_ = static_cast<std::size_t>(at - parts_.begin());
  if (at == parts_.end() || at->key != key) parts_.insert(at, Part{.key = key});
  return parts_[last_];
}

void UnitSetBuilder::Fill(Part& part) {
  if (part.words.empty()) part.words.resize(UnitSet::kWords);
  for (const std::uint16_t low : part.list) SetBit(part.words, low);
  part.list = {};
}

// Without repetitions; a bitmap when that is still long.
void UnitSetBuilder::Clean(Part& part) {
  std::sort(part.list.begin(), part.list.end());
  part.list.erase(std::unique(part.list.begin(), part.list.end()), part.list.end());
  if (part.list.size() > kListMax) Fill(part);
  part.limit = std::max(kLimitMin, 2 * part.list.size());
}

void UnitSetBuilder::AddAll(const UnitSetBuilder& other) {
  for (const Part& from : other.parts_) {
    Part& into = FindPart(from.key);
    if (into.words.empty() && from.words.empty()) {
      into.list.insert(into.list.end(), from.list.begin(), from.list.end());
      Clean(into);
      continue;
    }
    Fill(into);
    for (const std::uint16_t low : from.list) SetBit(into.words, low);
    for (std::size_t i = 0; i < from.words.size(); ++i) into.words[i] |= from.words[i];
  }
}

std::uint64_t UnitSetBuilder::Count() {
  std::uint64_t count = 0;
  for (Part& part : parts_) {
    if (part.words.empty()) Clean(part);
    count += part.words.empty() ? part.list.size() : CountBits(part.words);
  }
  return count;
}

UnitSet UnitSetBuilder::Finish() && {
  UnitSet set;
  for (Part& part : parts_) {
    if (part.words.empty()) Clean(part);
    if (part.words.empty()) {
      const auto count = static_cast<std::uint32_t>(part.list.size());
      part.list.shrink_to_fit();
      set.Push({.key = part.key, .count = count, .list = std::move(part.list)});
    } else {
      set.Push(UnitSet::FromWords(part.key, std::move(part.words)));
    }
  }
  return set;
}

}  // namespace cloister::privacy
