#pragma once

// What tools/openapi.py makes of api/openapi.yaml when the server is built. Room-private.

#include <string_view>

namespace cloister::control {

std::string_view OpenApiJson();
std::string_view ReferencePage();   // HTML
std::string_view ReferenceStyle();  // its CSS

}  // namespace cloister::control
