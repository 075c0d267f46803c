/// The page's form. What is said is filled in by `ComparisonPage`.
enum ComparisonTemplate {
  static let labels: [String: Phrase] = [
    "title": Phrase("Comparaison d'offres de cloud", "Comparison of cloud offers"),
    "limits": Phrase("Ce que ce document ne dit pas", "What this document does not say"),
    "result": Phrase("Résultat", "Result"),
    "offer": Phrase("Offre", "Offer"),
    "state": Phrase("État", "State"),
    "mark": Phrase("Note sur 100", "Mark of 100"),
    "open": Phrase("Questions", "Questions"),
    "stale": Phrase("à revérifier", "to look up again"),
    "staleCount": Phrase("À revérifier", "To look up"),
    "disputed": Phrase("sources en désaccord", "sources disagree"),
    "none": Phrase("Aucune offre n'est éligible.", "No offer is eligible."),
    "excluded": Phrase("Offres non éligibles", "Offers that are not eligible"),
    "scenario": Phrase("Scénario daté", "Dated scenario"),
    "criteria": Phrase("Critères éliminatoires", "Knock-out criteria"),
    "axes": Phrase("Notes par axe", "Marks by axis"),
    "sensitivity": Phrase("Sensibilité de l'ordre", "Sensitivity of the order"),
    "sensitivityNote": Phrase(
      "De combien de points un seul poids doit bouger, les autres gardant leurs proportions, pour changer l'ordre des premières offres.",
      "How many points a single weight must move, the others keeping their proportions, to change the order of the first offers."),
    "details": Phrase("Offre par offre", "Offer by offer"),
    "evidence": Phrase("Fait et source", "Fact and source"),
    "measure": Phrase("Mesure", "Measure"),
    "criterion": Phrase("Critère", "Criterion"),
    "finding": Phrase("Constat", "Finding"),
    "alert": Phrase("Alerte", "Alert"),
    "questions": Phrase("Questions à poser au prestataire", "Questions to ask the provider"),
    "weights": Phrase("Poids", "Weights"),
    "mapping": Phrase("Correspondance des objectifs avec les axes", "How the objectives were laid on the axes"),
    "rubric": Phrase("Barème", "Rubric"),
    "rubricNote": Phrase(
      "Chaque mesure lit un fait et prend la note de sa ligne ; si plusieurs lignes sont possibles, la fourchette les couvre toutes. Les mesures d'un axe comptent autant l'une que l'autre.",
      "Each measure reads a fact and takes its line's mark; where several lines are possible, the range spans them all. The measures of an axis count alike."
    ),
    "sources": Phrase("Sources", "Sources"),
    "date": Phrase("Date", "Date"),
    "reliability": Phrase("Fiabilité", "Reliability"),
    "context": Phrase("À savoir aussi", "Also to be known"),
  ]

  static let partials: [String: String] = [
    "two": #"{{main}}{{#beside}} <small lang="en">{{.}}</small>{{/beside}}"#,
    "bar": #"""
    <span class="mark"><svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{{text}}"><rect width="100" height="10" fill="#e8ecf3"/><path d="M25 0V10M50 0V10M75 0V10" stroke="#ffffff" stroke-width="0.6"/><rect x="{{left}}" width="{{width}}" height="10" fill="#9fb9e3"/><rect x="{{middle}}" width="0.9" height="10" fill="#1f4e9c"/></svg><span class="figures">{{text}}</span></span>
    """#,
    "cited": #"""
    <span class="fact"><b>{{fact}}</b> : {{text}} {{#citations}}<a class="source" href="#s-{{key}}">{{key}}, {{date}}</a> {{/citations}}{{#isDisputed}}<em class="disputed">{{label.disputed.main}}</em> {{/isDisputed}}{{#isStale}}<em class="stale">{{label.stale.main}}</em>{{/isStale}}</span>
    """#,
  ]

  static let css = #"""
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:1080px;padding:2rem 1.5rem 4rem;font:15px/1.5 Marianne,"Source Sans 3","Segoe UI",system-ui,sans-serif;color:#1b2638;background:#fff}
    header{border-bottom:3px solid #1f4e9c;padding-bottom:1rem;margin-bottom:1.5rem}
    h1{font-size:2rem;line-height:1.15;margin:0 0 .2rem}h2{font-size:1.3rem;margin:2.4rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid #d5dbe5}
    h3{font-size:1.08rem;margin:1.8rem 0 .5rem}h4{font-size:.95rem;margin:1.1rem 0 .4rem}
    small{font-weight:400;color:#5b6779;font-size:.78em}p{margin:.4rem 0}.lead{font-size:1.1rem;color:#5b6779;margin:0}
    .terms th{font-weight:400;color:#5b6779;width:16rem;padding-left:0}.terms th,.terms td{border:0;padding-top:.15rem;padding-bottom:.15rem}
    table{width:100%;border-collapse:collapse;margin:.6rem 0 1rem;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.38rem .5rem;border-bottom:1px solid #d5dbe5}
    thead th{background:#f4f6fa;font-weight:600;border-bottom:2px solid #d5dbe5}thead th small{display:block}
    .number{text-align:right;font-variant-numeric:tabular-nums}.center{text-align:center}
    .box{background:#f4f6fa;border-left:4px solid #1f4e9c;padding:.7rem 1rem;margin:1rem 0}.box ul,.questions{margin:.3rem 0;padding-left:1.2rem}
    .mark{display:inline-flex;align-items:center;white-space:nowrap}.mark svg{width:130px;height:12px;flex:none;margin-right:.45rem}.axes .mark{display:block}.axes .mark svg{width:100%;min-width:48px;display:block}
    .figures{font-variant-numeric:tabular-nums;font-size:.86em}
    .badge{display:inline-block;padding:.05rem .5rem;border-radius:1rem;font-size:.82rem;white-space:nowrap;border:1px solid currentColor}
    .eligible{color:#1c7a4a}.sous_reserve{color:#9a5b00}.non_eligible{color:#b3261e}
    .passed{color:#1c7a4a;font-weight:700}.failed{color:#b3261e;font-weight:700}.unknown{color:#9a5b00;font-weight:700}.none{color:#5b6779}
    .fact{display:block;font-size:.88em;margin-bottom:.15rem}.fact b{font-weight:600}
    .source{color:#1f4e9c;text-decoration:none;border:1px solid #d5dbe5;border-radius:3px;padding:0 .25rem;font-size:.86em;white-space:nowrap}
    .stale,.disputed{font-style:normal;font-size:.84em;padding:0 .3rem;border-radius:3px;white-space:nowrap}.stale{background:#fdf0d5;color:#9a5b00}.disputed{background:#fbe4e2;color:#b3261e}
    .axis{background:#f4f6fa;font-weight:600}.steps{margin:0;padding:0;list-style:none}.steps li{display:inline-block;margin-right:1rem}
    .detail{border-top:1px solid #d5dbe5;margin-top:1.5rem}
    footer{margin-top:3rem;color:#5b6779;font-size:.85rem;border-top:1px solid #d5dbe5;padding-top:.6rem}
    @media print{@page{size:A4;margin:14mm 12mm}body{max-width:none;padding:0;font-size:9.2pt}h1{font-size:18pt}h2{font-size:12.5pt;break-after:avoid}h3,h4{break-after:avoid}
    table{font-size:8.2pt}thead{display:table-header-group}tr,.box{break-inside:avoid}*{-webkit-print-color-adjust:exact}a{color:inherit}.mark svg{width:70px}.detail table{font-size:7.6pt}.detail td{padding:.18rem .35rem}}
    """#

  static let page = #"""
    <!doctype html>
    <html lang="{{language}}">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{label.title.main}} — {{need.main}}</title>
    <style>{{{css}}}</style>
    </head>
    <body>
    <header>
    <h1>{{#label.title}}{{>two}}{{/label.title}}</h1>
    <p class="lead">{{#need}}{{>two}}{{/need}}</p>
    <p>{{summary}}</p>
    </header>
    <table class="terms"><tbody>{{#terms}}<tr><th>{{#name}}{{>two}}{{/name}}</th><td>{{text}}</td></tr>{{/terms}}</tbody></table>
    <section class="box"><h4>{{#label.limits}}{{>two}}{{/label.limits}}</h4><ul>{{#limits}}<li>{{.}}</li>{{/limits}}</ul></section>

    <h2>{{#label.result}}{{>two}}{{/label.result}}</h2>
    {{^hasAdmitted}}<p><b>{{label.none.main}}</b></p>{{/hasAdmitted}}
    {{#hasAdmitted}}<table><thead><tr><th></th><th>{{#label.offer}}{{>two}}{{/label.offer}}</th><th>{{#label.state}}{{>two}}{{/label.state}}</th><th>{{#label.mark}}{{>two}}{{/label.mark}}</th><th class="number">{{label.open.main}}</th><th class="number">{{label.staleCount.main}}</th></tr></thead>
    <tbody>{{#admitted}}<tr><td class="number">{{rank}}</td><td><a href="#o-{{id}}">{{name}}</a></td><td><span class="badge {{stateClass}}">{{state}}</span></td><td>{{#bar}}{{>bar}}{{/bar}}</td><td class="number">{{questions}}</td><td class="number">{{stale}}</td></tr>
    {{/admitted}}</tbody></table>{{/hasAdmitted}}
    <p>{{#certainty}}{{>two}}{{/certainty}}</p>
    {{#hasExcluded}}<h3>{{#label.excluded}}{{>two}}{{/label.excluded}}</h3>
    <table><tbody>{{#excluded}}<tr><td><a href="#o-{{id}}">{{name}}</a></td><td>{{#reasons}}<div>{{.}}</div>{{/reasons}}{{#scenario}}<div><b>{{label.scenario.main}}</b> : {{.}}</div>{{/scenario}}</td></tr>
    {{/excluded}}</tbody></table>{{/hasExcluded}}

    <h2>{{#label.sensitivity}}{{>two}}{{/label.sensitivity}}</h2>
    <p>{{#label.sensitivityNote}}{{>two}}{{/label.sensitivityNote}}</p>
    <ul>{{#sensitivity}}<li>{{>two}}</li>{{/sensitivity}}</ul>

    <h2>{{#label.criteria}}{{>two}}{{/label.criteria}}</h2>
    <table class="matrix"><thead><tr><th>{{label.offer.main}}</th>{{#criteria}}<th class="center">{{number}}</th>{{/criteria}}</tr></thead>
    <tbody>{{#matrix}}<tr><td><a href="#o-{{id}}">{{name}}</a></td>{{#cells}}<td class="center {{kind}}" title="{{reason}}">{{mark}}</td>{{/cells}}</tr>
    {{/matrix}}</tbody></table>
    <ol>{{#criteria}}<li>{{#name}}{{>two}}{{/name}}</li>{{/criteria}}</ol>

    <h2>{{#label.axes}}{{>two}}{{/label.axes}}</h2>
    <table class="axes"><thead><tr><th>{{label.offer.main}}</th>{{#axes}}<th title="{{name.main}}">{{short}} <small>{{weight}}</small></th>{{/axes}}</tr></thead>
    <tbody>{{#axisRows}}<tr><td>{{name}}</td>{{#bars}}<td>{{>bar}}</td>{{/bars}}</tr>
    {{/axisRows}}</tbody></table>

    <h2>{{#label.details}}{{>two}}{{/label.details}}</h2>
    {{#details}}<section class="detail" id="o-{{id}}">
    <h3>{{name}} <span class="badge {{stateClass}}">{{state}}</span></h3>
    {{#hasAxes}}<p>{{#bar}}{{>bar}}{{/bar}}</p>{{/hasAxes}}
    {{#alerts}}<p><b>{{label.alert.main}}</b> : {{.}}</p>{{/alerts}}
    {{#scenario}}<p><b>{{label.scenario.main}}</b> : {{.}}</p>{{/scenario}}
    <table><thead><tr><th></th><th>{{#label.criterion}}{{>two}}{{/label.criterion}}</th><th>{{#label.finding}}{{>two}}{{/label.finding}}</th><th>{{#label.evidence}}{{>two}}{{/label.evidence}}</th></tr></thead>
    <tbody>{{#criteria}}<tr><td class="{{cell.kind}}">{{cell.mark}}</td><td>{{name}}</td><td>{{cell.reason}}</td><td>{{#evidence}}{{>cited}}{{/evidence}}</td></tr>
    {{/criteria}}</tbody></table>
    {{#hasAxes}}<table><thead><tr><th>{{#label.measure}}{{>two}}{{/label.measure}}</th><th>{{label.mark.main}}</th><th>{{label.finding.main}}</th><th>{{label.evidence.main}}</th></tr></thead>
    {{#axes}}<tbody><tr class="axis"><td>{{#name}}{{>two}}{{/name}} <small>× {{weight}}</small></td><td colspan="3">{{#bar}}{{>bar}}{{/bar}}</td></tr>
    {{#measures}}<tr><td>{{name}}</td><td>{{#bar}}{{>bar}}{{/bar}}</td><td>{{reason}}</td><td>{{#evidence}}{{>cited}}{{/evidence}}</td></tr>
    {{/measures}}</tbody>{{/axes}}</table>{{/hasAxes}}
    {{#hasQuestions}}<h4>{{#label.questions}}{{>two}}{{/label.questions}}</h4><ol class="questions">{{#questions}}<li>{{.}}</li>{{/questions}}</ol>{{/hasQuestions}}
    </section>
    {{/details}}

    <h2>{{#label.weights}}{{>two}}{{/label.weights}}</h2>
    <p>{{#weightSource}}{{>two}}{{/weightSource}}</p>
    <table><tbody>{{#weights}}<tr><td>{{#name}}{{>two}}{{/name}}</td><td class="number">{{points}}</td></tr>{{/weights}}</tbody></table>
    {{#hasMapping}}<h3>{{#label.mapping}}{{>two}}{{/label.mapping}}</h3>
    <table><tbody>{{#mapping}}<tr><td>{{#objective}}{{>two}}{{/objective}}</td><td class="number">{{points}}</td><td>{{axis}}</td><td>{{reason}}</td></tr>{{/mapping}}</tbody></table>{{/hasMapping}}

    <h2>{{#label.rubric}}{{>two}}{{/label.rubric}}</h2>
    <p>{{#label.rubricNote}}{{>two}}{{/label.rubricNote}}</p>
    <table><tbody>{{#rubric}}<tr><td>{{axis}}</td><td>{{name}}</td><td><ul class="steps">{{#steps}}<li><b>{{mark}}</b> {{text}}</li>{{/steps}}</ul></td></tr>
    {{/rubric}}</tbody></table>

    <h2>{{#label.sources}}{{>two}}{{/label.sources}}</h2>
    <table><thead><tr><th></th><th>{{label.sources.main}}</th><th>{{#label.date}}{{>two}}{{/label.date}}</th><th>{{#label.reliability}}{{>two}}{{/label.reliability}}</th></tr></thead>
    <tbody>{{#sources}}<tr id="s-{{key}}"><td><b>{{key}}</b></td><td>{{what}}</td><td>{{date}} {{#isStale}}<em class="stale">{{label.stale.main}}</em>{{/isStale}}</td><td>{{reliability}}</td></tr>
    {{/sources}}</tbody></table>
    <h3>{{#label.context}}{{>two}}{{/label.context}}</h3>
    <ul>{{#context}}<li>{{text}} {{#sources}}<a class="source" href="#s-{{key}}">{{key}}, {{date}}</a> {{/sources}}</li>{{/context}}</ul>
    <footer>Cocagne — {{label.title.main}}</footer>
    </body>
    </html>
    """#
}
