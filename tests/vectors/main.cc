// cloister-vectors DIR [--root ROOT]
//   Runs every case of DIR/cases.json; paths in it start at ROOT, by default the folder above DIR.
// cloister-vectors --kind KIND
//   The same for folder KIND of $CLOISTER_VECTORS (default ../shared/vectors); where it is absent, says so
//   and exits 77.
// One line per failing case, then "N passed, N failed, N skipped". Exits 0 if nothing failed and something
// ran.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>

#include "vectors/vector_case.h"

namespace cloister::vectors {
namespace {

namespace fs = std::filesystem;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitSkipped = 77;

struct Arguments {
  fs::path folder, root;
  bool may_be_absent = false;
};

std::optional<Arguments> ParseArguments(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < words.size();
    if (word == "--root" && has_value) {
      arguments.root = words[++i];
    } else if (word == "--kind" && has_value && arguments.folder.empty()) {
      const char* vectors = std::getenv("CLOISTER_VECTORS");
      arguments.folder = fs::path(vectors != nullptr ? vectors : "../shared/vectors") / words[++i];
      arguments.may_be_absent = true;
    } else if (!word.starts_with('-') && arguments.folder.empty()) {
      arguments.folder = word;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.folder.empty()) return std::nullopt;
  if (arguments.root.empty()) {
    arguments.root = fs::absolute(arguments.folder / "").parent_path().parent_path();
  }
  return arguments;
}

std::string Describe(const Json& element) {
  const Json* id = element.is_object() ? element.get_object().if_contains("id") : nullptr;
  return id != nullptr && id->is_string() ? std::string(id->get_string()) : "(a case without id)";
}

// A case that cannot be judged has failed: otherwise a word nobody understands would look like a success.
Failure Judge(const Json& element, const fs::path& root) {
  try {
    return RunCase(VectorCase(element, root));
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what();
  }
}

int Report(int passed, int failed, int skipped) {
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 && passed > 0 ? 0 : kExitFailed;
}

int RunFolder(const Arguments& arguments) {
  if (arguments.may_be_absent && !fs::is_directory(arguments.folder)) {
    std::printf("no vectors at %s; set CLOISTER_VECTORS\n", arguments.folder.c_str());
    Report(0, 0, 1);
    return kExitSkipped;
  }
  int passed = 0, failed = 0;
  try {
    const Json cases = ReadJson(ReadFile((arguments.folder / "cases.json").string()));
    for (const Json& element : AsArray(cases, "cases.json")) {
      const Failure failure = Judge(element, arguments.root);
      ++(failure ? failed : passed);
      if (failure) std::printf("%s: %s\n", Describe(element).c_str(), failure->c_str());
    }
  } catch (const std::exception& error) {
    std::printf("%s: error: %s\n", arguments.folder.c_str(), error.what());
    ++failed;
  }
  return Report(passed, failed, 0);
}

}  // namespace
}  // namespace cloister::vectors

int main(int argc, char** argv) {
  using namespace cloister::vectors;
  const auto arguments =
      ParseArguments(std::span(argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)));
  if (!arguments) {
    std::fprintf(stderr, "usage: cloister-vectors DIR [--root ROOT] | --kind KIND\n");
    return kExitUsage;
  }
  return RunFolder(*arguments);
}
