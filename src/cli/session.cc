#include "cli/session.h"

namespace cloister::cli {

Result<std::unique_ptr<Session>> Session::Open(Context& context) {
  Parts parts;
  CLOISTER_ASSIGN(parts.config, context.home.LoadConfig());
  CLOISTER_ASSIGN(parts.api_key, context.home.LoadApiKey(context.api_key_file));
  if (parts.config.custody == agreement::Custody::kServer) return Make(context, std::move(parts));
  CLOISTER_ASSIGN(parts.keys, context.home.LoadKeys());
  if (!parts.keys) {
    return Error{Code::kDataLoss, "your participant key is not in " + context.home.folder().string() +
                                      "; restore the folder from your backup, nobody else has the key"};
  }
  if (parts.keys->signer.public_key().Thumbprint() != parts.config.thumbprint) {
    return Error{Code::kDataLoss, "the key in " + context.home.folder().string() +
                                      " is not the one that config.json names; restore the folder from your backup"};
  }
  return Make(context, std::move(parts));
}

Result<std::unique_ptr<Session>> Session::OpenAt(Context& context, HomeConfig config, std::string api_key) {
  return Make(context, {.config = std::move(config), .api_key = std::move(api_key)});
}

Result<std::unique_ptr<Session>> Session::Make(Context& context, Parts parts) {
  CLOISTER_ASSIGN(const net::ServerAddress server, net::ServerAddress::Parse(parts.config.server));
  const std::string& ca_file = context.ca_file.empty() ? parts.config.ca_file : context.ca_file;
  CLOISTER_ASSIGN(auto transport, context.connect(server, ca_file));
  return std::unique_ptr<Session>(new Session(context, std::move(transport), std::move(parts)));
}

Session::Session(Context& context, std::unique_ptr<net::HttpTransport> transport, Parts parts)
    : context_(context),
      config_(std::move(parts.config)),
      keys_(std::move(parts.keys)),
      transport_(std::move(transport)),
      retrying_(*transport_, {}, context.sleep),
      api_(retrying_, std::move(parts.api_key)) {}

}  // namespace cloister::cli
