#include "cli/commands.h"

#include "cli/explain.h"
#include "cli/price.h"
#include "cli/profile.h"

namespace commplan::cli {

void AddCommands(CLI::App& app, Action* chosen) {
  AddPrice(app, chosen);
  AddExplain(app, chosen);
  AddProfile(app, chosen);
}

}  // namespace commplan::cli
