#include "tee/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace cloister::tee {
namespace {

// struct landlock_ruleset_attr as of ABI 6. The kernel is told how much of it counts.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // from ABI 4
  std::uint64_t scoped = 0;              // from ABI 6
};
static_assert(sizeof(RulesetAttributes) == 24);

constexpr std::uint32_t kCreateRulesetVersion = 1;

// How many file rights each ABI has: 13 in the first, then REFER, TRUNCATE and (ABI 5) IOCTL_DEV. A right
// that the kernel does not know would make it refuse all.
std::uint64_t FileRights(int abi) {
  const int count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
  return (std::uint64_t{1} << count) - 1;
}

constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

std::size_t KnownSize(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

Error NotAvailable(const char* what) {
  return FailedPrecondition(
      std::string("Landlock is not available (") + what + ": " + std::strerror(errno) +
      "); start on a kernel of at least 5.13 with landlock among the enabled security modules");
}

}  // namespace

Result<int> ForbidAllPaths() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
  if (abi < 1) return NotAvailable("version");
  RulesetAttributes attributes;
  attributes.handled_access_fs = FileRights(static_cast<int>(abi));
  if (abi >= 4) attributes.handled_access_net = kBindAndConnectTcp;
  if (abi >= 6) attributes.scoped = kAbstractSocketsAndSignals;
  const long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, KnownSize(static_cast<int>(abi)), 0);
  if (ruleset < 0) return NotAvailable("create_ruleset");
  const long restricted = syscall(SYS_landlock_restrict_self, ruleset, 0);
  const int problem = errno;
  close(static_cast<int>(ruleset));
  errno = problem;
  if (restricted != 0) return NotAvailable("restrict_self");
  return static_cast<int>(abi);
}

}  // namespace cloister::tee
