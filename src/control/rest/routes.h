#pragma once

// Each file of this folder adds its routes. Room-private.

#include "control/rest/api.h"

namespace cloister::control {

void AddHealthRoutes(net::Router& router, const Api& api);
void AddUserRoutes(net::Router& router, const Api& api);
void AddLoginRoutes(net::Router& router, const Api& api);
void AddSessionRoutes(net::Router& router, const Api& api);
void AddKeyRoutes(net::Router& router, const Api& api);
void AddAdminRoutes(net::Router& router, const Api& api);
void AddEnvironmentRoutes(net::Router& router, const Api& api);
void AddCharterRoutes(net::Router& router, const Api& api);
void AddAttestationRoutes(net::Router& router, const Api& api);
void AddLedgerRoutes(net::Router& router, const Api& api);
void AddDatasetRoutes(net::Router& router, const Api& api);
void AddUploadRoutes(net::Router& router, const Api& api);
void AddContentRoutes(net::Router& router, const Api& api);
void AddPolicyRoutes(net::Router& router, const Api& api);
void AddCatalogueRoutes(net::Router& router, const Api& api);
void AddInboxRoutes(net::Router& router, const Api& api);
void AddEventRoutes(net::Router& router, const Api& api);
void AddEvidencePackRoutes(net::Router& router, const Api& api);
void AddLifecycleRoutes(net::Router& router, const Api& api);
void AddContractRoutes(net::Router& router, const Api& api);
void AddQueryRoutes(net::Router& router, const Api& api);
void AddDecisionRoutes(net::Router& router, const Api& api);
void AddResultRoutes(net::Router& router, const Api& api);
void AddWebhookRoutes(net::Router& router, const Api& api);

}  // namespace cloister::control
