#pragma once

namespace cloister::crypto {

// Call it first in main(), before another thread exists and before a sandbox closes.
//
// OpenSSL would otherwise read openssl.cnf at its first use, and that file may name other providers and engines: what
// the host writes there would run where the keys are. And it fetches algorithms lazily: this uses each kind of
// operation once, so that nothing needs a file later. Stops the process if the libraries do not work.
void StartLibrary();

}  // namespace cloister::crypto
