#include "serve/api.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "export/row_columns.hpp"
#include "inputs/input_error.hpp"
#include "serve/answers/answer_json.hpp"
#include "serve/answers/csv_pieces.hpp"
#include "serve/answers/curves_answer.hpp"
#include "serve/answers/detail_answers.hpp"
#include "serve/answers/health_answers.hpp"
#include "serve/answers/run_answer.hpp"
#include "serve/answers/run_events.hpp"
#include "serve/page_files.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr int interface_version = 1;
constexpr std::string_view prefix = "/api/v1/";

HttpAnswer answer_of(std::string type, std::string text) {
  return {.content_type = std::move(type),
          .body = std::make_shared<const std::string>(std::move(text)),
          .headers = safe_headers()};
}

HttpAnswer json_answer(std::string text) { return answer_of("application/json", std::move(text)); }

[[noreturn]] void not_found(std::string_view path) {
  throw RequestError(404, "path: expected / or one of /api/v1, see docs/serve.md, got '" +
                              shown_name(cut_end(std::string(path), 80)) + "'");
}

HttpAnswer csv_answer(const GrowingRun& run, const Query& query) {
  const std::string kind = query.text("kind").value_or("measure");
  const auto kinds = row_kinds();
  if (std::ranges::find(kinds, kind) == kinds.end()) {
    std::string names;
    for (const std::string_view known : kinds) {
      names += (names.empty() ? "" : ", ") + std::string(known);
    }
    throw RequestError(
        400, "kind: expected one of " + names + ", got '" + shown_name(cut_end(kind, 80)) + "'");
  }
  HttpAnswer answer = answer_of("text/csv; charset=utf-8", "");
  answer.headers.emplace_back("Content-Disposition",
                              "attachment; filename=\"livecca-" + run.id() + "-" + kind + ".csv\"");
  answer.more = csv_pieces(run, kind);
  return answer;
}

std::uint64_t line_in(std::string_view text) {
  std::uint64_t line = 0;
  const char* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, line);
  if (failure != std::errc() || at != end) {
    throw RequestError(400, "row: expected the number of a line, got '" +
                                shown_name(cut_end(std::string(text), 80)) + "'");
  }
  return line;
}

}  // namespace

std::string runs_answer(const GrowingRuns& runs) {
  std::vector<std::pair<double, AnswerJson>> summaries;
  for (const GrowingRuns::Run& run : runs.all()) {
    run->look_at_latest([&](const RunIndex& index, std::uint64_t lines) {
      summaries.emplace_back(index.rows().wall_time, summary_of(*run, index, lines));
    });
  }
  std::ranges::stable_sort(summaries, std::ranges::greater(),
                           &std::pair<double, AnswerJson>::first);
  AnswerJson json;
  json["version"] = interface_version;
  json["livecca"] = LIVECCA_VERSION;
  json["now"] = unix_now();
  json["runs"] = AnswerJson::array();
  for (auto& [time, summary] : summaries) json["runs"].push_back(std::move(summary));
  return text_of(json);
}

HttpAnswer Api::answer(const HttpRequest& request) const {
  try {
    const Query query(request.query);
    if (auto refused = gate_.refusal(request, query)) return *std::move(refused);
    return answer_allowed(request, query);
  } catch (const RequestError& error) {
    return error_answer(error.status(), error.what());
  } catch (const InputError& error) {
    return error_answer(404, shown_name(error.what()));
  } catch (const std::exception& error) {
    return error_answer(500, std::string("expected to answer, got: ") + error.what());
  }
}

HttpAnswer Api::answer_allowed(const HttpRequest& request, const Query& query) const {
  if (request.path == "/" && gate_.has_token_in_query(query)) return gate_.welcome();
  if (const PageFile* file = page_file(request.path)) {
    return answer_of(std::string(file->type), std::string(file->text));
  }
  if (!request.path.starts_with(prefix)) not_found(request.path);
  const std::string_view rest = request.path.substr(prefix.size());
  if (rest == "runs") return json_answer(runs_answer(runs_));
  if (rest == "events") {
    HttpAnswer answer = answer_of("text/event-stream", first_events(runs_, request.last_event_id));
    answer.is_stream = true;
    return answer;
  }
  constexpr std::string_view of_runs = "runs/";
  if (!rest.starts_with(of_runs)) not_found(request.path);
  return of_run(rest.substr(of_runs.size()), query);
}

HttpAnswer Api::of_run(std::string_view rest, const Query& query) const {
  const std::string_view id = rest.substr(0, rest.find('/'));
  const GrowingRuns::Run run = runs_.find(id);
  if (run == nullptr) {
    throw RequestError(404,
                       "run: expected the id of a run that is served, see /api/v1/runs, got '" +
                           shown_name(cut_end(std::string(id), 80)) + "'");
  }
  run->ask();
  const std::string_view what =
      rest.size() == id.size() ? std::string_view() : rest.substr(id.size() + 1);
  if (what == "export.csv") return csv_answer(*run, query);
  constexpr std::string_view row = "row/";
  if (what.starts_with(row)) return json_answer(row_answer(*run, line_in(what.substr(row.size()))));
  if (what == "spectrum") return json_answer(spectrum_answer(*run, query));
  std::string text;
  if (rest.size() == id.size()) {
    run->look_at_latest([&](const RunIndex& index, std::uint64_t lines) {
      text = text_of(run_answer(*run, index, lines));
    });
    return json_answer(std::move(text));
  }
  run->look([&](const RunIndex& index, std::uint64_t lines) {
    if (what == "curves") {
      text = curves_answer(index, lines, query);
    } else if (what == "logs") {
      text = logs_answer(index, lines, query);
    } else if (what == "matrix") {
      text = matrix_answer(index, query);
    } else if (what == "health") {
      text = health_answer(index);
    } else if (what == "events") {
      text = events_answer(index, lines, query);
    }
  });
  if (text.empty()) not_found(rest);
  return json_answer(std::move(text));
}

}  // namespace livecca::tool
