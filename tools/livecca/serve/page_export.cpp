#include "serve/page_export.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "export/output_file.hpp"
#include "index/growing_runs.hpp"
#include "inputs/input_error.hpp"
#include "serve/answers/answer_json.hpp"
#include "serve/answers/curves_answer.hpp"
#include "serve/answers/detail_answers.hpp"
#include "serve/answers/headline.hpp"
#include "serve/answers/health_answers.hpp"
#include "serve/answers/run_answer.hpp"
#include "serve/page_files.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

/// So that the file can be sent by mail.
constexpr std::size_t most_rows = 6000;  // of a run, whole
constexpr std::size_t most_points_of_all_axes = 30'000;

std::string base64_of_hexadecimal(std::string_view digits) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < digits.size(); i += 6) {  // three bytes become four letters
    std::string group(digits.substr(i, 6));
    const std::size_t bytes = group.size() / 2;
    group.resize(6, '0');
    std::uint32_t bits = 0;
    std::from_chars(group.data(), group.data() + group.size(), bits, 16);
    for (std::size_t place = 0; place < 4; ++place) {
      text += place <= bytes ? letters[(bits >> (18 - 6 * place)) & 63U] : '=';
    }
  }
  return text;
}

/// JSON that can stand in a page: there is a "<" in its strings only.
std::string in_page(const std::string& json) {
  std::string text;
  for (const char letter : json) {
    if (letter == '<') {
      text += "\\u003c";
    } else {
      text += letter;
    }
  }
  return text;
}

const PageFile& built_file(const char* path) {
  const PageFile* file = page_file(path);
  if (file == nullptr) throw InputError(std::string("expected the page's ") + path + ", got none");
  return *file;
}

/// Which curves a page shows.
std::vector<Headline> selections_of(const RunRows& rows) {
  std::set<std::string> seen;
  std::vector<Headline> selections;
  const auto add = [&](const Headline& one) {
    const std::string key =
        std::string(name_of(one.stream)) + '\n' + one.measure + '\n' + one.reference;
    if (seen.insert(key).second) selections.push_back(one);
  };
  if (const auto headline = headline_of(rows)) add(*headline);
  for (const Curve& curve : rows.curves) {
    add({curve.key.stream, curve.key.reference, curve.key.measure});
  }
  return selections;
}

std::string query_of(const Headline& selection) {
  return std::string("stream=") + name_of(selection.stream) +
         "&measure=" + percent_encoded(selection.measure) +
         "&reference=" + percent_encoded(selection.reference);
}

std::string key_of_selection(const Headline& selection) {
  return std::string(name_of(selection.stream)) + "/" + selection.measure + "/" +
         selection.reference;
}

/// An object that is written entry by entry.
class Table {
 public:
  Table(OutputFile& file, const std::string& name) : file_(file) {
    file_.write(",\n\"" + name + "\":{");
  }
  ~Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void add(const std::string& key, const std::string& json) {
    std::string text = is_first_ ? "" : ",\n";
    is_first_ = false;
    append_text(text, key);
    file_.write(in_page(text + ":" + json));
  }
  void end() { file_.write("}"); }

 private:
  OutputFile& file_;
  bool is_first_ = true;
};

/// Calls a function with each run's id and index.
template <typename Function>
void for_each_run(const GrowingRuns& runs, const Function& function) {
  for (const GrowingRuns::Run& run : runs.all()) {
    run->look([&](const RunIndex& index, std::uint64_t lines) { function(*run, index, lines); });
  }
}

std::vector<const char*> axes_of(const RunRows& rows) {
  std::size_t points = 0;
  for (const Curve& curve : rows.curves) points += curve.points.size();
  if (points > most_points_of_all_axes) return {"epoch"};
  return {"epoch", "step", "time"};
}

void write_curves(const GrowingRuns& runs, OutputFile& file) {
  Table curves(file, "curves");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
    for (const Headline& selection : selections_of(index.rows())) {
      for (const char* x : axes_of(index.rows())) {
        const Query query("since=0&x=" + std::string(x) + "&" + query_of(selection));
        curves.add(run.id() + "/" + x + "/" + key_of_selection(selection),
                   curves_answer(index, lines, query));
      }
    }
  });
  curves.end();
  Table logs(file, "logs");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
    for (const char* x : axes_of(index.rows())) {
      logs.add(run.id() + "/" + x, logs_answer(index, lines, Query("since=0&x=" + std::string(x))));
    }
  });
  logs.end();
}

/// One of each layer and reference, of its own name or the reference's nearest.
void write_spectra(const GrowingRuns& runs, OutputFile& file) {
  Table spectra(file, "spectra");
  for (const GrowingRuns::Run& run : runs.all()) {
    std::set<std::string> keys;
    std::vector<std::pair<std::string, std::string>> wanted;
    run->look([&](const RunIndex& index, std::uint64_t) {
      for (const Curve& curve : index.rows().curves) {
        const CurveKey& of = curve.key;
        std::string key =
            run->id() + "/" + name_of(of.stream) + "/" + of.layer + "/" + of.reference;
        if (index.spectrum_of({of.stream, of.layer, of.reference, of.reference_layer}, {}) == 0 ||
            !keys.insert(key).second) {
          continue;
        }
        wanted.emplace_back(std::move(key),
                            std::string("stream=") + name_of(of.stream) +
                                "&layer=" + percent_encoded(of.layer) +
                                "&reference=" + percent_encoded(of.reference) +
                                "&reference_layer=" + percent_encoded(of.reference_layer));
      }
    });
    for (const auto& [key, query] : wanted) spectra.add(key, spectrum_answer(*run, Query(query)));
  }
  spectra.end();
}

/// Of the points of curves, the headline's first.
std::set<std::uint64_t> lines_of_points(const RunRows& rows) {
  std::set<std::uint64_t> lines;
  for (const Headline& selection : selections_of(rows)) {
    for (const Curve& curve : rows.curves) {
      if (curve.key.stream != selection.stream || curve.key.reference != selection.reference ||
          curve.key.measure != selection.measure) {
        continue;
      }
      for (const Point& point : curve.points) {
        if (lines.size() >= most_rows) return lines;
        lines.insert(point.line);
      }
    }
  }
  return lines;
}

void write_rows(const GrowingRuns& runs, OutputFile& file) {
  Table rows(file, "rows");
  for (const GrowingRuns::Run& run : runs.all()) {
    std::set<std::uint64_t> lines;
    run->look([&](const RunIndex& index, std::uint64_t) { lines = lines_of_points(index.rows()); });
    std::string json = "{";
    for (const std::uint64_t line : lines) {
      json += (json.size() == 1 ? "\"" : ",\n\"") + std::to_string(line) +
              "\":" + row_answer(*run, line);
    }
    rows.add(run->id(), json + "}");
  }
  rows.end();
}

void write_data(const GrowingRuns& runs, OutputFile& file) {
  std::string now;
  append_number(now, unix_now());
  file.write("{\"now\":" + now + ",\"livecca\":\"" LIVECCA_VERSION "\"");
  AnswerJson summaries = AnswerJson::array();
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
    summaries.push_back(summary_of(run, index, lines));
  });
  file.write(in_page(",\n\"runs\":" + text_of(summaries)));
  Table run_table(file, "run");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
    run_table.add(run.id(), text_of(run_answer(run, index, lines)));
  });
  run_table.end();
  write_curves(runs, file);
  Table events(file, "events");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
    events.add(run.id(), events_answer(index, lines, Query("")));
  });
  events.end();
  Table health(file, "health");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t) {
    health.add(run.id(), health_answer(index));
  });
  health.end();
  write_spectra(runs, file);
  Table matrix(file, "matrix");
  for_each_run(runs, [&](const GrowingRun& run, const RunIndex& index, std::uint64_t) {
    for (const Headline& selection : selections_of(index.rows())) {
      matrix.add(run.id() + "/" + key_of_selection(selection),
                 matrix_answer(index, Query(query_of(selection))));
    }
  });
  matrix.end();
  write_rows(runs, file);
  file.write("}");
}

std::string csp_of_export() {
  const auto hash = [](const char* path) {
    return "'sha256-" + base64_of_hexadecimal(built_file(path).sha256) + "'";
  };
  return "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src " +
         hash("/app.js") + "; style-src " + hash("/app.css") +
         "; img-src data:; base-uri 'none'; form-action 'none'\">";
}

/// A run's rows must not be written over, by whatever name.
void check_output(const GrowingRuns& runs, const std::string& path) {
  const auto refuse = [&](const std::string& what) {
    throw InputError("--export: expected another file than " + what + ", got '" + shown_name(path) +
                     "'");
  };
  if (std::filesystem::path(path).filename() == "rows.jsonl") refuse("rows.jsonl");
  for (const GrowingRuns::Run& run : runs.all()) {
    std::error_code failure;  // of a file that is not there yet
    if (std::filesystem::equivalent(run->rows_path(), path, failure)) refuse("a run's rows");
  }
}

void put(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t at = page.find(mark);
  if (at == std::string::npos) {
    throw InputError("expected '" + std::string(mark) + "' in the page's index.html, got none");
  }
  page.replace(at, mark.size(), text);
}

}  // namespace

void export_page(const std::vector<std::string>& runs, const std::string& path) {
  GrowingRuns read(runs);
  if (read.all().empty()) throw InputError("RUNS: expected one run or more to export, got none");
  check_output(read, path);
  read.read_all();
  constexpr std::string_view script = "<script src=\"app.js\"></script>";
  std::string page(built_file("/").text);
  put(page, "<link rel=\"stylesheet\" href=\"app.css\">",
      csp_of_export() + "\n<style>" + std::string(built_file("/app.css").text) + "</style>");
  put(page, "<link rel=\"icon\" href=\"icon.svg\">",
      "<link rel=\"icon\" href=\"data:image/svg+xml," +
          percent_encoded(built_file("/icon.svg").text) + "\">");
  const std::size_t end = page.rfind(script);
  if (end == std::string::npos) {
    throw InputError("expected '" + std::string(script) + "' in the page's index.html, got none");
  }
  OutputFile file(path);
  file.write(page.substr(0, end));
  file.write("<script type=\"application/json\" id=\"data\">");
  write_data(read, file);
  file.write("</script>\n<script>" + std::string(built_file("/app.js").text) + "</script>");
  file.write(page.substr(end + script.size()));
  file.commit();
}

}  // namespace livecca::tool
