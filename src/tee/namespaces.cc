#include "tee/namespaces.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cloister::tee {
namespace {

struct Namespace {
  const char* name;
  int flag;
};

// `user` first: it is what entitles an ordinary user to the rest.
constexpr std::array<Namespace, 4> kNamespaces = {
    {{"user", CLONE_NEWUSER}, {"net", CLONE_NEWNET}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}}};

}  // namespace

NamespaceOutcome EnterNamespaces() {
  NamespaceOutcome outcome;
  for (const Namespace& space : kNamespaces) {
    if (unshare(space.flag) == 0) {
      outcome.entered.push_back(space.name);
    } else {
      outcome.not_allowed.push_back(std::string(space.name) + " (" + strerrorname_np(errno) + ")");
    }
  }
  return outcome;
}

Status DropCapabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (syscall(SYS_capset, &header, none.data()) == 0) return {};
  return FailedPrecondition(std::string("the process cannot give up its capabilities: ") +
                            std::strerror(errno));
}

}  // namespace cloister::tee
