#include "cli/home.h"

#include "cli/durable_file.h"
#include "codec/json.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kConfigBytesMax = 64 << 10;
constexpr std::size_t kKeyFileBytesMax = 4096;
constexpr std::string_view kInitMend = "run: cloister init --server URL --email YOU@EXAMPLE";

// The last line that is no comment, without its line end.
std::string_view LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t line_end = text.rfind('\n');
  return line_end == std::string_view::npos ? text : text.substr(line_end + 1);
}

Result<crypto::Ed25519Signer> ParseSeed(std::string_view text) {
  CLOISTER_ASSIGN(Bytes seed, codec::Base64UrlDecode(LastLine(text)));
  return crypto::Ed25519Signer::FromSeed(SecretBytes::TakeFrom(seed));
}

Error Unusable(const std::filesystem::path& path) {
  return {Code::kDataLoss, path.string() + " does not hold a key; restore it from your backup"};
}

Result<agreement::Custody> ParseCustody(const std::string& name) {
  for (const auto custody : {agreement::Custody::kSelf, agreement::Custody::kServer}) {
    if (name == agreement::CustodyName(custody)) return custody;
  }
  return InvalidArgument("config.custody must be self or server");
}

}  // namespace

std::filesystem::path Home::EnvironmentFolder(const EnvironmentId& id) const {
  return folder_ / "environments" / id.str();
}

Result<HomeConfig> Home::LoadConfig() const {
  Result<std::string> text = ReadFile(folder_ / "config.json", kConfigBytesMax);
  if (!text && text.error().code == Code::kNotFound) {
    return FailedPrecondition("there is no participant in " + folder_.string() + "; " + std::string(kInitMend));
  }
  if (!text) return std::move(text).error();
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(*text));
  codec::ObjectReader in(json, "config");
  HomeConfig config;
  (void)in.Integer("version", 1, 1);
  config.server = in.String("server");
  config.email = in.String("email");
  const std::string custody = in.String("custody");
  config.thumbprint = in.OptionalString("thumbprint").value_or("");
  config.ca_file = in.OptionalString("ca_file").value_or("");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(config.custody, ParseCustody(custody));
  return config;
}

Status Home::SaveConfig(const HomeConfig& config) {
  codec::JsonObject json{{"version", 1},
                         {"server", config.server},
                         {"email", config.email},
                         {"custody", agreement::CustodyName(config.custody)}};
  if (!config.thumbprint.empty()) json["thumbprint"] = config.thumbprint;
  if (!config.ca_file.empty()) json["ca_file"] = config.ca_file;
  CLOISTER_TRY(MakePrivateFolder(folder_));
  return WriteDurably(folder_ / "config.json", codec::WritePrettyJson(json) + "\n", FileAccess::kOwnerOnly);
}

Result<std::string> Home::LoadApiKey(const std::string& override_file) const {
  const std::filesystem::path path = override_file.empty() ? folder_ / "api-key" : std::filesystem::path(override_file);
  Result<std::string> text = ReadSecretFile(path, kKeyFileBytesMax);
  if (!text && text.error().code == Code::kNotFound) {
    return Error{Code::kUnauthenticated, "there is no API key in " + path.string() + "; " + std::string(kInitMend)};
  }
  if (!text) return std::move(text).error();
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty() || text->find_first_of(" \t\r\n") != std::string::npos) return Unusable(path);
  return text;
}

Status Home::SaveApiKey(std::string_view api_key) {
  CLOISTER_TRY(MakePrivateFolder(folder_));
  return WriteDurably(folder_ / "api-key", std::string(api_key) + "\n", FileAccess::kOwnerOnly);
}

Result<std::optional<ParticipantKeys>> Home::LoadKeys() const {
  const std::filesystem::path seed_path = folder_ / "participant-key", identity_path = folder_ / "age-identity";
  Result<std::string> seed_text = ReadSecretFile(seed_path, kKeyFileBytesMax);
  if (!seed_text && seed_text.error().code == Code::kNotFound) return std::optional<ParticipantKeys>();
  if (!seed_text) return std::move(seed_text).error();
  Result<crypto::Ed25519Signer> signer = ParseSeed(*seed_text);
  Wipe(*seed_text);
  if (!signer) return Unusable(seed_path);
  CLOISTER_ASSIGN(std::string identity_text, LoadAgeIdentityFile());
  Result<sealing::AgeIdentity> identity = sealing::AgeIdentity::Parse(LastLine(identity_text));
  Wipe(identity_text);
  if (!identity) return Unusable(identity_path);
  return std::optional<ParticipantKeys>(ParticipantKeys{std::move(signer).value(), std::move(identity).value()});
}

Status Home::SaveKeys(const ParticipantKeys& keys) {
  CLOISTER_TRY(MakePrivateFolder(folder_));
  std::string identity = "# public key: " + keys.identity.recipient().Text() + "\n";
  identity += AsText(keys.identity.SecretText().view());
  identity += '\n';
  // The identity first: LoadKeys takes a home without a signing key for one without keys.
  const Status identity_saved = WriteDurably(folder_ / "age-identity", identity, FileAccess::kOwnerOnly);
  Wipe(identity);
  CLOISTER_TRY(identity_saved);
  std::string seed = "# Ed25519 seed of participant " + keys.signer.public_key().Thumbprint() + "\n" +
                     codec::Base64UrlEncode(keys.signer.seed().view()) + "\n";
  const Status seed_saved = WriteDurably(folder_ / "participant-key", seed, FileAccess::kOwnerOnly);
  Wipe(seed);
  return seed_saved;
}

Result<std::string> Home::LoadAgeIdentityFile() const {
  return ReadSecretFile(folder_ / "age-identity", kKeyFileBytesMax);
}

Result<std::filesystem::path> ChooseHomeFolder(const HomeChoice& choice) {
  if (!choice.flag.empty()) return std::filesystem::path(choice.flag);
  if (!choice.cloister_home.empty()) return std::filesystem::path(choice.cloister_home);
  // The base directory specification: a relative path in the variable counts as absent.
  if (choice.xdg_data_home.starts_with('/')) return std::filesystem::path(choice.xdg_data_home) / "cloister";
  if (choice.user_home.starts_with('/')) return std::filesystem::path(choice.user_home) / ".local/share/cloister";
  return InvalidArgument("there is no home folder to keep keys in; name one with --home");
}

}  // namespace cloister::cli
