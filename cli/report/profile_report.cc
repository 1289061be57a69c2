#include "cli/report/profile_report.h"

namespace commplan::report {
namespace {

std::string ProvenanceText(const std::optional<profiles::Setting>& setting) {
  if (!setting || !setting->provenance) return "";
  const Provenance& p = *setting->provenance;
  return std::string(Name(p.kind)) + (p.source.empty() ? "" : ": " + p.source) +
         (p.note.empty() ? "" : " (" + p.note + ")");
}

// As above, short enough for two columns.
std::string KindText(const std::optional<profiles::Setting>& setting) {
  if (!setting || !setting->provenance) return "-";
  const Provenance& p = *setting->provenance;
  return std::string(Name(p.kind)) + (p.source.empty() ? "" : ": " + p.source);
}

std::string ValueText(const std::optional<profiles::Setting>& setting) {
  return setting ? setting->value : "-";
}

Json SettingJson(const std::optional<profiles::Setting>& setting) {
  if (!setting) return nullptr;
  Json json{{"value", setting->value}};
  if (setting->provenance) {
    json["kind"] = Name(setting->provenance->kind);
    json["source"] = setting->provenance->source;
    json["note"] = setting->provenance->note;
  }
  return json;
}

}  // namespace

Document ListDocument(const profiles::Listing& listing) {
  Document document;
  document.json["schema"] = "commplan/profile-list/1";
  document.rows.columns = {{"kind"}, {"name"}, {"title"}};
  const auto add = [&](const char* key, const char* kind, const std::string& title,
                       const std::vector<profiles::Listed>& listed) {
    Table table{
        .title = title, .columns = {{"name", Align::kLeft}, {"title", Align::kLeft}}, .rows = {}};
    document.json[key] = Json::array();
    for (const profiles::Listed& one : listed) {
      table.rows.push_back({one.name, one.title});
      document.rows.rows.push_back({kind, one.name, one.title});
      document.json[key].push_back({{"name", one.name}, {"title", one.title}});
    }
    document.body.push_back(table);
  };
  add("machines", "machine", "Machines", listing.machines);
  add("networks", "network", "Networks, to be added as MACHINE+NETWORK", listing.networks);
  return document;
}

Document MachineDocument(const Machine& machine,
                         const std::vector<profiles::Difference>& settings) {
  Document document;
  document.json["schema"] = "commplan/profile-show/1";
  document.json["name"] = machine.name;
  document.json["title"] = machine.title;
  document.json["values"] = Json::array();
  document.body.push_back(Paragraph{machine.name + ": " + machine.title});
  Table values{
      .title = "",
      .columns = {{"path", Align::kLeft, true}, {"value", Align::kLeft}, {"from", Align::kLeft}},
      .rows = {}};
  for (const profiles::Difference& setting : settings) {
    if (!setting.right) continue;
    values.rows.push_back({setting.path, ValueText(setting.right), ProvenanceText(setting.right)});
    Json json = SettingJson(setting.right);
    Json row{{"path", setting.path}};
    row.update(json);
    document.json["values"].push_back(row);
  }
  document.body.push_back(values);
  document.rows = values;
  Table sources{
      .title = "Sources",
      .columns = {{"source", Align::kLeft}, {"title", Align::kLeft}, {"address", Align::kLeft}},
      .rows = {}};
  document.json["sources"] = Json::object();
  for (const auto& [id, source] : machine.sources) {
    sources.rows.push_back({id, source.title, source.url});
    document.json["sources"][id] = {{"title", source.title}, {"url", source.url}};
  }
  document.body.push_back(sources);
  return document;
}

Document CheckDocument(const std::vector<CheckedProfile>& checked) {
  Document document;
  document.json["schema"] = "commplan/profile-check/1";
  document.json["profiles"] = Json::array();
  Table table{.title = "",
              .columns = {{"profile", Align::kLeft}, {"result", Align::kLeft}, {"numbers"}},
              .rows = {}};
  for (const CheckedProfile& one : checked) {
    table.rows.push_back(
        {one.name, one.ok ? "ok" : "faulty", one.ok ? std::to_string(one.numbers) : "-"});
    document.json["profiles"].push_back(
        {{"name", one.name}, {"ok", one.ok}, {"numbers", one.numbers}});
  }
  document.body.push_back(table);
  document.rows = table;
  return document;
}

Document DiffDocument(const std::string& left, const std::string& right,
                      const std::vector<profiles::Difference>& differences) {
  Document document;
  document.json["schema"] = "commplan/profile-diff/1";
  document.json["left"] = left;
  document.json["right"] = right;
  document.json["differences"] = Json::array();
  Table table{
      .title = "",
      .columns = {{"path", Align::kLeft, true}, {left, Align::kLeft}, {right, Align::kLeft}},
      .rows = {}};
  for (const profiles::Difference& d : differences) {
    const bool same = !d.value_differs;
    table.rows.push_back({d.path, same ? KindText(d.left) : ValueText(d.left),
                          same ? KindText(d.right) : ValueText(d.right)});
    document.json["differences"].push_back({{"path", d.path},
                                            {"left", SettingJson(d.left)},
                                            {"right", SettingJson(d.right)},
                                            {"value_differs", d.value_differs}});
  }
  if (differences.empty()) {
    document.body.push_back(Paragraph{"no differences"});
  } else {
    document.body.push_back(table);
  }
  document.rows = table;
  return document;
}

}  // namespace commplan::report
