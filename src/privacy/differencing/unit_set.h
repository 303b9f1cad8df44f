#pragma once

// A set of units (persons) by their dense numbers in one unit domain, compressed, unchangeable once built.
//
// Numbers are split at bit 16; each upper half that occurs has one container of its lower halves: a sorted list of up
// to 4,096, beyond that a bitmap of 8 KiB. So a set of n units costs at most 2 n + 6 bytes a container, and never more
// than an eighth of a byte a number of the domain, rounded up to containers (after Chambi, Lemire, Kaser, Godin:
// "Better bitmap performance with Roaring bitmaps", 2016).
//
//   {3, 70000}            containers 0: [3], 1: [4464]
//   0 .. 99999            containers 0: bitmap of 65536, 1: bitmap of 34464
//
// Values; thread-compatible. Counting two sets costs time in the smaller of them, where containers differ in kind.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace cloister::privacy {

using UnitNumber = std::uint32_t;
inline constexpr UnitNumber kUnitNumberMax = 0xffff'fffe;  // one domain has fewer units than this

class UnitSet {
 public:
  UnitSet() = default;
  // In any order, with repetitions.
  static UnitSet Of(std::vector<UnitNumber> numbers);

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool Contains(UnitNumber number) const;
  bool operator==(const UnitSet& other) const;
  // Ascending.
  std::vector<UnitNumber> Numbers() const;
  // What it occupies, within a few words.
  std::uint64_t MemoryBytes() const;

  std::uint64_t IntersectionSize(const UnitSet& other) const;
  // How many of its units have each remainder by kRemainders. Two sets of which neither has k units that the other
  // lacks differ in these by less than k either way, so most sets that are far from each other are told apart by them
  // alone.
  static constexpr std::size_t kRemainders = 16;
  using Remainders = std::array<std::uint32_t, kRemainders>;
  Remainders CountRemainders() const;

  // How many of its units `other` lacks; counting ends at `limit`, which for unlike sets is soon.
  std::uint64_t LackedBy(const UnitSet& other, std::uint64_t limit) const;
  UnitSet Union(const UnitSet& other) const;
  static UnitSet UnionOf(std::vector<UnitSet> sets);

  // The place of a number among Numbers(); nothing when it is not there.
  std::optional<std::size_t> PlaceOf(UnitNumber number) const;

 private:
  friend class UnitSetBuilder;
  static constexpr std::size_t kListMax = 4096;
  static constexpr std::size_t kWords = 1024;

  struct Container {
    std::uint16_t key = 0;
    std::uint32_t count = 0;
    std::vector<std::uint16_t> list;   // sorted; or
    std::vector<std::uint64_t> words;  // kWords of them
    bool IsBitmap() const { return !words.empty(); }
    bool Contains(std::uint16_t low) const;
    bool operator==(const Container&) const = default;
  };
  static std::uint64_t CountBoth(const Container& a, const Container& b);
  static std::uint64_t CountLacked(const Container& a, const Container& by, std::uint64_t limit);
  static Container Merge(const Container& a, const Container& b);
  static Container FromWords(std::uint16_t key, std::vector<std::uint64_t> words);
  void Push(Container container);

  std::vector<Container> containers_;  // keys ascending, none empty
  std::uint64_t size_ = 0;
};

// Collects numbers one by one, many times the same ones, as an aggregate over rows does: a list that is cleaned as it
// grows, or a bitmap once it has more than kListMax different numbers, for each upper half. Memory is at most 16 bytes
// a unit, or 8 KiB for each 65,536 numbers of the domain.
class UnitSetBuilder {
 public:
  void Add(UnitNumber number) {
    Part& part = PartOf(static_cast<std::uint16_t>(number >> 16));
    const auto low = static_cast<std::uint16_t>(number & 0xffff);
    if (!part.words.empty()) {
      part.words[low >> 6] |= std::uint64_t{1} << (low & 63);
      return;
    }
    part.list.push_back(low);
    if (part.list.size() >= part.limit) Clean(part);
  }
  void AddAll(const UnitSetBuilder& other);
  // How many different numbers.
  std::uint64_t Count();
  UnitSet Finish() &&;

 private:
  static constexpr std::size_t kListMax = 512;
  static constexpr std::size_t kLimitMin = 32;
  struct Part {
    std::uint16_t key = 0;
    std::size_t limit = kLimitMin;     // when the list is cleaned
    std::vector<std::uint16_t> list;   // with repetitions; or
    std::vector<std::uint64_t> words;  // UnitSet::kWords of them
  };
  Part& PartOf(std::uint16_t key) {
    if (last_ < parts_.size() && parts_[last_].key == key) return parts_[last_];
    return FindPart(key);
  }
  Part& FindPart(std::uint16_t key);
  static void Clean(Part& part);
  static void Fill(Part& part);

  std::vector<Part> parts_;  // by key
  std::size_t last_ = 0;
};

}  // namespace cloister::privacy
