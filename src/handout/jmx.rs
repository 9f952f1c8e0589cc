//! A JMeter test plan (5.x): one thread, one sampler, address and key as properties (`-Jkey=…`), an assertion on the status.

use url::Url;

use super::calls::Call;

/// The plan of `times` calls, one after the other.
pub(super) fn plan(title: &str, base: &Url, asks_for_a_key: bool, call: &Call, times: u32) -> String {
    let prefix = base.path().trim_end_matches('/');
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = base.port_or_known_default().unwrap_or(80);
    let variables = [("scheme", base.scheme().to_owned()), ("host", host.to_owned()), ("port", port.to_string()), ("key", String::new())];
    let properties: String = variables.iter().map(|(name, value)| variable(name, &format!("${{__P({name},{value})}}"))).collect();
    let mut fields: String = call.fields.iter().map(|(name, value)| field(name, &literal(value))).collect();
    if asks_for_a_key {
        fields.push_str(&field("apikey", "${key}"));
    }
    let (title, name, method) = (text(title), text(&call.name), text(&call.method));
    let path = text(&literal(&format!("{prefix}{}", call.target())));
    let body = call.body.as_deref().map(body).unwrap_or_default();
    let raw = call.body.is_some();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<jmeterTestPlan version="1.2" properties="5.0" jmeter="5.6">
  <hashTree>
    <TestPlan guiclass="TestPlanGui" testclass="TestPlan" testname="{title}" enabled="true">
      <boolProp name="TestPlan.functional_mode">false</boolProp>
      <boolProp name="TestPlan.serialize_threadgroups">false</boolProp>
      <elementProp name="TestPlan.user_defined_variables" elementType="Arguments" guiclass="ArgumentsPanel" testclass="Arguments" testname="Variables" enabled="true">
        <collectionProp name="Arguments.arguments">
{properties}        </collectionProp>
      </elementProp>
    </TestPlan>
    <hashTree>
      <ThreadGroup guiclass="ThreadGroupGui" testclass="ThreadGroup" testname="One caller" enabled="true">
        <stringProp name="ThreadGroup.on_sample_error">continue</stringProp>
        <elementProp name="ThreadGroup.main_controller" elementType="LoopController" guiclass="LoopControlPanel" testclass="LoopController" testname="Calls" enabled="true">
          <boolProp name="LoopController.continue_forever">false</boolProp>
          <stringProp name="LoopController.loops">${{__P(calls,{times})}}</stringProp>
        </elementProp>
        <stringProp name="ThreadGroup.num_threads">1</stringProp>
        <stringProp name="ThreadGroup.ramp_time">0</stringProp>
        <boolProp name="ThreadGroup.scheduler">false</boolProp>
      </ThreadGroup>
      <hashTree>
        <HeaderManager guiclass="HeaderPanel" testclass="HeaderManager" testname="Header fields" enabled="true">
          <collectionProp name="HeaderManager.headers">
{fields}          </collectionProp>
        </HeaderManager>
        <hashTree/>
        <HTTPSamplerProxy guiclass="HttpTestSampleGui" testclass="HTTPSamplerProxy" testname="{name}" enabled="true">
          <boolProp name="HTTPSampler.postBodyRaw">{raw}</boolProp>
          <elementProp name="HTTPsampler.Arguments" elementType="Arguments">
            <collectionProp name="Arguments.arguments">
{body}            </collectionProp>
          </elementProp>
          <stringProp name="HTTPSampler.protocol">${{scheme}}</stringProp>
          <stringProp name="HTTPSampler.domain">${{host}}</stringProp>
          <stringProp name="HTTPSampler.port">${{port}}</stringProp>
          <stringProp name="HTTPSampler.contentEncoding">UTF-8</stringProp>
          <stringProp name="HTTPSampler.path">{path}</stringProp>
          <stringProp name="HTTPSampler.method">{method}</stringProp>
          <boolProp name="HTTPSampler.follow_redirects">false</boolProp>
          <boolProp name="HTTPSampler.use_keepalive">true</boolProp>
          <stringProp name="HTTPSampler.connect_timeout">10000</stringProp>
          <stringProp name="HTTPSampler.response_timeout">60000</stringProp>
        </HTTPSamplerProxy>
        <hashTree>
          <ResponseAssertion guiclass="AssertionGui" testclass="ResponseAssertion" testname="Status 200" enabled="true">
            <collectionProp name="Asserion.test_strings">
              <stringProp name="49586">200</stringProp>
            </collectionProp>
            <stringProp name="Assertion.custom_message"></stringProp>
            <stringProp name="Assertion.test_field">Assertion.response_code</stringProp>
            <boolProp name="Assertion.assume_success">true</boolProp>
            <intProp name="Assertion.test_type">8</intProp>
          </ResponseAssertion>
          <hashTree/>
        </hashTree>
      </hashTree>
    </hashTree>
  </hashTree>
</jmeterTestPlan>
"#
    )
}

fn variable(name: &str, value: &str) -> String {
    format!(
        "          <elementProp name=\"{name}\" elementType=\"Argument\">\n            \
         <stringProp name=\"Argument.name\">{name}</stringProp>\n            \
         <stringProp name=\"Argument.value\">{}</stringProp>\n            \
         <stringProp name=\"Argument.metadata\">=</stringProp>\n          </elementProp>\n",
        text(value)
    )
}

fn field(name: &str, value: &str) -> String {
    format!(
        "            <elementProp name=\"\" elementType=\"Header\">\n              \
         <stringProp name=\"Header.name\">{}</stringProp>\n              \
         <stringProp name=\"Header.value\">{}</stringProp>\n            </elementProp>\n",
        text(name),
        text(value)
    )
}

fn body(json: &str) -> String {
    format!(
        "              <elementProp name=\"\" elementType=\"HTTPArgument\">\n                \
         <boolProp name=\"HTTPArgument.always_encode\">false</boolProp>\n                \
         <stringProp name=\"Argument.value\">{}</stringProp>\n                \
         <stringProp name=\"Argument.metadata\">=</stringProp>\n              </elementProp>\n",
        text(&literal(json))
    )
}

/// What JMeter shall not read as one of its variables or functions.
fn literal(value: &str) -> String {
    value.replace("${", "\\${")
}

/// Text of XML; what XML 1.0 cannot hold is left out.
fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
