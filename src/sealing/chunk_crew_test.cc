#include "sealing/chunk_crew.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <vector>

namespace cloister::sealing {
namespace {

class Crew : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, Crew, ::testing::Values(1, 2));

TEST_P(Crew, DoesEachTaskOnceBeforeItSaysSo) {
  constexpr std::uint64_t kTasks = 10'000;
  std::vector<int> done(kTasks, 0);  // plain ints: what FinishUpTo promises is that these writes are visible
  ChunkCrew crew(GetParam(), [&](int, std::uint64_t task) { ++done[task]; });
  for (std::uint64_t end = 0; end < kTasks;) {
    end += 1 + end % 7;
    crew.Submit(std::min(end, kTasks));
    if (end < 20) continue;
    crew.FinishUpTo(end - 20);
    for (std::uint64_t task = 0; task < end - 20; ++task) ASSERT_EQ(done[task], 1);
  }
  crew.FinishUpTo(kTasks);
  EXPECT_EQ(done, std::vector<int>(kTasks, 1));
}

TEST_P(Crew, NeverRunsTwoTasksUnderOneNumber) {
  std::array<std::atomic<int>, ChunkCrew::kThreadsMax> running{};
  std::atomic<bool> clash = false;
  ChunkCrew crew(GetParam(), [&](int worker, std::uint64_t) {
    if (++running[static_cast<std::size_t>(worker)] != 1) clash = true;
    --running[static_cast<std::size_t>(worker)];
  });
  for (std::uint64_t end = 1; end <= 5'000; ++end) {
    crew.Submit(end);
    if (end % 10 == 0) crew.FinishUpTo(end);
  }
  EXPECT_FALSE(clash);
}

TEST_P(Crew, MayEndWithTasksLeft) {
  std::atomic<int> count = 0;
  {
    ChunkCrew crew(GetParam(), [&](int, std::uint64_t) { ++count; });
    crew.Submit(100);
  }
  EXPECT_LE(count, 100);
}

}  // namespace
}  // namespace cloister::sealing
