#include "cli/run.h"

namespace cloister::cli {

ExitCode RunVerb(Context& context, const Verb& verb) {
  const Result<ExitCode> ended = std::visit([&](const auto& each) { return Run(context, each); }, verb);
  if (ended) return *ended;
  context.out.Fail(ended.error());
  return ExitCodeOf(ended.error().code);
}

}  // namespace cloister::cli
