#include "cli/commands.h"

#include "cli/accuracy.h"
#include "cli/explain.h"
#include "cli/fit.h"
#include "cli/price.h"
#include "cli/profile.h"

namespace commplan::cli {

void AddCommands(CLI::App& app, Action* chosen) {
  AddPrice(app, chosen);
  AddExplain(app, chosen);
  AddProfile(app, chosen);
  AddFit(app, chosen);
  AddAccuracy(app, chosen);
}

}  // namespace commplan::cli
