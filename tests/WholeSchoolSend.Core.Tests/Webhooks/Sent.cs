using System.Text;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>
/// One delivery of each tool, of the shape its vendor documents and with every kind of answer it has. Whatever a person could be known by says
/// canary, or is the address 203.0.113.77.
/// </summary>
internal static class Sent
{
    public static readonly DateTimeOffset Received = new(2026, 11, 2, 12, 0, 0, TimeSpan.Zero);

    public const string Form = "application/x-www-form-urlencoded";
    public const string Multipart = "multipart/form-data; boundary=----part7";
    public const string Json = "application/json";

    public const string SurveyMonkey = """
        {"name":"Hook","filter_type":"survey","filter_id":"11","event_type":"response_completed","event_id":"e1","object_type":"response","object_id":"r1",
        "event_datetime":"2026-11-02T10:30:00.182613+01:00","resources":{"respondent_id":"99","collector_id":"22","survey_id":"11","user_id":"33"}}
        """;

    // The real delivery of kyma-incubator/connector-tools, qualtrics-event-gw/pkg/hmac/hmac_test.go.
    public const string QualtricsMessage = """{"Status":"Complete","SurveyID":"SV_1AmkKSDmoZ4XlQx","ResponseID":"R_0B7IcnXszjEUHLP","CompletedDate":"2019-06-25 07:58:25","BrandID":"sapdevelopment"}""";
    public const string QualtricsHmac = "c2c585a404c239aa3063b462cc33551d3ed3ed2de0899f58d456fc0ef7ebef6f3c3af44957989bd0592603e41edde9528f7d9ed09ee128bf719aa12f46e5c598";

    public static readonly string Qualtrics = $"Topic=brand.surveyengine.completedResponse.SV_1&MSG={Uri.EscapeDataString(QualtricsMessage)}&HMAC={QualtricsHmac}&undefined=";

    public const string JotformAnswers = """
        {"slug":"submit\/251","path":"\/submit\/251","event_id":"canary_form_view","timeToSubmit":"23","validatedNewRequiredFieldIDs":"{\"new\":1}","jsExecutionTracker":"build-date",
        "submitDate":"1793619000000","buildDate":"1793610000000","temp_upload":{"q12_file":["canary.png"]},"file":["https:\/\/x\/canary.png"],
        "q3_hiddenUrn":"100001","q4_hiddenKey":"canary.mail@x.example","q5_name":{"first":"Canary","last":"Surname"},"q6_email":"canary.mail@x.example",
        "q7_role":"School leader","q8_areas":["Reading","Maths"],"q9_rating":{"Quality":"Good","Speed":"Poor "},"q10_day":{"day":"2","month":"11","year":"2026"},
        "q11_comment":"Canary writes here","q13_left":"","q14_phone":{"full":"(555) canary"}}
        """;

    public const string Tally = """
        {"eventId":"e1","eventType":"FORM_RESPONSE","createdAt":"2026-11-02T09:30:01.000Z","data":{"responseId":"2wgx4n","submissionId":"2wgx4n","respondentId":"canary-respondent","formId":"VwbNEw",
        "formName":"Leaders","createdAt":"2026-11-02T09:30:00.000Z","fields":[
        {"key":"q_h_1","label":"urn","type":"HIDDEN_FIELDS","value":"100001"},{"key":"q_h_2","label":"key","type":"HIDDEN_FIELDS","value":"canary.mail@x.example"},
        {"key":"q_calc","label":"Score","type":"CALCULATED_FIELDS","value":20},{"key":"q_text","label":"Dear Canary, why","type":"TEXTAREA","value":"Canary writes"},
        {"key":"q_number","label":"Number","type":"INPUT_NUMBER","value":10},{"key":"q_mail","label":"Email","type":"INPUT_EMAIL","value":"canary.mail@x.example"},
        {"key":"q_date","label":"Date","type":"INPUT_DATE","value":"2026-06-28"},
        {"key":"q_one","label":"One","type":"MULTIPLE_CHOICE","value":["b"],"options":[{"id":"a","text":"Fully"},{"id":"b","text":"Partly"}]},
        {"key":"q_other","label":"Other","type":"DROPDOWN","value":["o"],"options":[{"id":"a","text":"Fully"},{"id":"o","text":"Canary wrote this","isOtherOption":true}]},
        {"key":"q_many","label":"Many","type":"CHECKBOXES","value":["x","y"],"options":[{"id":"x","text":"Reading"},{"id":"y","text":"Maths"},{"id":"z","text":"Music"}]},
        {"key":"q_many_x","label":"Many (Reading)","type":"CHECKBOXES","value":true},{"key":"q_many_z","label":"Many (Music)","type":"CHECKBOXES","value":false},
        {"key":"q_file","label":"File","type":"FILE_UPLOAD","value":[{"id":"f","name":"canary.png","url":"https://x/canary.png","mimeType":"image/png","size":1}]},
        {"key":"q_pay_name","label":"Payment (name)","type":"PAYMENT","value":"Canary Surname"},{"key":"q_rating","label":"Rating","type":"RATING","value":4},
        {"key":"q_rank","label":"Rank","type":"RANKING","value":["2","1"],"options":[{"id":"1","text":"Apple"},{"id":"2","text":"Pear"}]},
        {"key":"q_scale","label":"Scale","type":"LINEAR_SCALE","value":7},{"key":"q_none","label":"None","type":"MULTIPLE_CHOICE","value":null,"options":[]},
        {"key":"q_matrix","label":"Matrix","type":"MATRIX","value":{"r1":["c2"],"r2":["c1"]},"rows":[{"id":"r1","text":"Quality"},{"id":"r2","text":"Speed"}],"columns":[{"id":"c1","text":"Poor"},{"id":"c2","text":"Good"}]}]}}
        """;

    public const string Formbricks = """
        {"event":"responseFinished","webhookId":"w1","data":{"id":"r1","surveyId":"s1","createdAt":"2026-11-02T09:30:00.507Z","updatedAt":"2026-11-02T09:31:00.000Z","finished":true,
        "data":{"role":"Leader","areas":["Reading","Maths"],"confidence":4,"grid":{"Quality":"Good","Speed":"Poor"},"hidden_urn":"100001","hidden_key":"canary.mail@x.example",
        "verifiedEmail":"canary.mail@x.example","why":"Canary writes here"},"contact":{"id":"canary"},"contactAttributes":{"email":"canary.mail@x.example","userId":"canary-user"},"singleUseId":"canary-single",
        "meta":{"url":"https://x/s/1?name=canary","userAgent":{"browser":"CanaryAgent"},"country":"GB","ipAddress":"203.0.113.77"},"variables":{},"ttc":{"role":12.5},"tags":[],"displayId":"d"}}
        """;

    public const string SmartSurvey = """
        [{"id":1001,"survey_id":12,"tracking_link_id":100001,"date_started":"2026-11-02T09:00:00Z","date_ended":"2026-11-02T09:30:00Z","date_modified":"2026-11-02T09:45:00Z","status":"completed",
        "contact_name":"Canary Surname","contact_email":"canary.mail@x.example","contact_invitation_id":0,"ip_address":"203.0.113.77","user_agent":"CanaryAgent/1.0","edit_url":"https://x/?edit=canary-token",
        "saved_email":"","pages":[{"id":1,"title":"Page","position":1,"questions":[
        {"id":10,"title":"Role","type":"single_choice","sub_type":"radio","answers":[{"id":1,"type":"radio","choice_title":"Leader","choice_id":5},{"id":2,"type":"comment","choice_title":"Comments:","choice_id":6,"value":"Canary writes"}]},
        {"id":11,"title":"Areas","type":"multiple_choice","sub_type":"checkbox","answers":[{"id":3,"type":"checkbox","choice_title":"Reading","choice_id":7},{"id":4,"type":"checkbox","choice_title":"Maths","choice_id":8},{"id":5,"type":"other","value":"Canary wrote"}]},
        {"id":12,"title":"Grid","type":"matrix","sub_type":"radio","answers":[{"id":6,"type":"radio","row_id":91,"row_title":"Quality","choice_title":"Good","choice_id":9},{"id":7,"type":"radio","row_id":92,"choice_title":"Poor","choice_id":10}]},
        {"id":13,"title":"Why","type":"open_ended","sub_type":"essay","answers":[{"id":8,"type":"text","value":"Canary writes more"}]},
        {"id":14,"title":"hidden_key","type":"open_ended","sub_type":"single","answers":[{"id":9,"type":"text","value":"canary.mail@x.example"}]},
        {"id":15,"title":"How many","type":"open_ended","sub_type":"numeric","answers":[{"id":10,"type":"text","value":"12"}]}]}]},
        {"id":1002,"survey_id":12,"date_ended":null,"date_modified":"2026-11-02T09:50:00Z","status":"partial","pages":[]}]
        """;

    public const string FormstackJson = """
        {"FormID":"123","UniqueID":"u1","HandshakeKey":"canary-token-1","hidden_urn":{"value":"100001"},"hidden_key":{"value":"canary.mail@x.example"},"10":{"value":"Leader"},"11":{"value":["Reading","Maths"]},
        "12":{"value":{"Quality":"Good","Speed":"Poor"},"field_type":"matrix"},"13":{"value":{"first":"Canary","last":"Surname"},"field_type":"name"},"14":"4","15":{"value":""},"16":{"value":"canary.mail@x.example"}}
        """;

    public const string FormstackForm = "FormID=123&UniqueID=u1&HandshakeKey=canary-token-1&hidden_urn=100001&hidden_key=canary.mail%40x.example&10=Leader&11=Reading&11=Maths&14=4&15=&16=Canary+writes+here";

    public const string KoboJson = """
        {"_id":4711,"_uuid":"u-canary","_xform_id_string":"aX6","_submission_time":"2026-11-02T09:30:00","_submitted_by":"canary","_attachments":[{"filename":"canary.png"}],"_geolocation":[null,null],"__version__":"v1",
        "formhub/uuid":"canary","meta/instanceID":"uuid:canary","start":"2026-11-02T10:29:00.000+01:00","end":"2026-11-02T10:30:00.000+01:00","username":"canary","deviceid":"canary-device",
        "school/hidden_urn":"100001","school/hidden_key":"canary.mail@x.example","about/role":"leader","about/roles":"leader senco","confidence":"4","grid/quality":"good","grid/speed":"poor","born":"2026-11-02",
        "why":"Canary writes: a sentence.","left":"","visits":[{"visits/kind":"first"},{"visits/kind":"second"}]}
        """;

    public const string KoboXml = """
        <?xml version="1.0" encoding="utf-8"?><aX6 id="aX6" version="v1"><formhub><uuid>canary</uuid></formhub><start>2026-11-02T10:29:00</start><username>canary</username>
        <school><hidden_urn>100001</hidden_urn><hidden_key>canary.mail@x.example</hidden_key></school><about><role>leader</role><roles>leader senco</roles></about><confidence>4</confidence>
        <why>Canary &amp; others</why><left/><meta><instanceID>uuid:i1</instanceID></meta><_submission_time>2026-11-02T09:30:00</_submission_time></aX6>
        """;

    public const string Paperform = """
        {"data":[{"title":"Urn","type":"hidden","key":"a1","custom_key":"urn","value":"100001"},{"title":"Key","type":"hidden","key":"a2","custom_key":"key","value":"canary.mail@x.example"},
        {"title":"Dear Canary","description":"","type":"choices","key":"a3","custom_key":"role","value":"Leader"},{"title":"Areas","type":"choices","key":"a4","custom_key":null,"value":["Reading","Maths"]},
        {"title":"Address","type":"address","key":"a5","custom_key":"address_1","value":"343 Canary Road"},{"title":"Agree","type":"yesNo","key":"a6","custom_key":"agree","value":true},
        {"title":"Scale","type":"scale","key":"a7","custom_key":"scale","value":7},{"title":"Grid","type":"matrix","key":"a8","custom_key":"grid","value":{"Quality":"Good","Speed":"Poor"}},
        {"title":"Rank","type":"rank","key":"a9","custom_key":"rank","value":["b","a"]},{"title":"Day","type":"date","key":"b1","custom_key":"day","value":"2026-11-02"},{"title":"Why","type":"text","key":"b2","custom_key":"why","value":"Canary writes here"},
        {"title":"Left","type":"text","key":"b3","custom_key":"left","value":null}],"submission_id":"sub1","created_at":"2026-11-02 09:30:00","ip_address":"203.0.113.77","charge":null,"device":{"user_agent":"CanaryAgent/1.0"}}
        """;

    public const string LimeSurvey = """
        {"api_token":"canary-token-1","survey":123456,"event":"afterSurveyComplete","respondId":42,"response":{"id":"42","submitdate":"2026-11-02 09:30:00","ipaddr":"203.0.113.77","token":"canary-participant","refurl":"canary",
        "hiddenurn":"100001","hiddenkey":"canary.mail@x.example","role":"A1","areas[SQ001]":"Y","areas[SQ002]":"","areas[other]":"Canary","grid[SQ001]":"3","rank[1]":"a","confidence":4,"why":"Canary writes here"},
        "response_pretty":{"Role":"Canary"},"submitDate":"2026-11-02 09:30:00","token":"canary-participant","participant":{"firstname":"Canary","lastname":"Surname","email":"canary.mail@x.example"}}
        """;

    public const string MicrosoftForms = """
        {"form":"leaders","response":"12","submitted":"2026-11-02T09:30:00","hidden":{"urn":"100001","key":"canary.mail@x.example"},"answers":{"@odata.context":"canary","responder":"canary.mail@x.example","submitDate":"11/2/2026 9:30:00 AM",
        "r1":"Leader","r2":"[\"Reading\",\"Maths\"]","r3":"4","r4":"2026-11-02","r5":"Canary writes here","r6":"","r7":"[{\"name\":\"canary.docx\",\"link\":\"https://x/canary\"}]"}}
        """;

    public const string GoogleForms = """
        {"form":"118E","response":"2_AB","submitted":"2026-11-02T09:30:00.661Z","email":"canary.mail@x.example","answers":[{"id":"1","title":"hidden_urn","type":"TEXT","value":"100001"},
        {"id":"2","title":"hidden_key","type":"TEXT","value":"canary.mail@x.example"},{"id":"3","title":"Role","type":"MULTIPLE_CHOICE","value":"Leader"},{"id":"4","title":"Areas","type":"CHECKBOX","value":["Reading","other"]},
        {"id":"5","title":"Scale","type":"SCALE","value":"4"},{"id":"6","title":"Grid","type":"GRID","value":{"Quality":"Good","Speed":null}},{"id":"7","title":"Day","type":"DATE","value":"2026-11-02"},
        {"id":"8","title":"Why","type":"PARAGRAPH_TEXT","value":"Canary writes"},{"id":"9","title":"File","type":"FILE_UPLOAD","value":["canary-file-id"]}]}
        """;

    public const string Ours = """{"form":"leaders","response":"r1","submitted":"2026-11-02T09:30:00Z","hidden":{"urn":"100001","key":"canary.mail@x.example"},"answers":{"role":"leader"},"text":{"why":"Canary writes"}}""";

    public static readonly string CloudEvent = $$"""{"specversion":"1.0","type":"response","source":"/forms","id":"e1","time":"2026-11-02T09:30:05Z","datacontenttype":"application/json","data":{{Ours}}}""";

    /// <summary>A multipart body as Jotform posts it, with a file among its parts.</summary>
    public static string Jotform(string answers = JotformAnswers) => string.Concat(
        new[] { ("action", ""), ("ip", "203.0.113.77"), ("username", "canary"), ("formTitle", "Leaders"), ("formID", "251"), ("submissionID", "62"), ("pretty", "Name:Canary Surname, Email:canary.mail@x.example"), ("rawRequest", answers) }
            .Select(part => $"------part7\r\nContent-Disposition: form-data; name=\"{part.Item1}\"\r\n\r\n{part.Item2}\r\n"))
        + "------part7\r\nContent-Disposition: form-data; name=\"f\"; filename=\"canary.png\"\r\nContent-Type: image/png\r\n\r\n\u0001canary\r\n------part7--\r\n";

    /// <summary>Each tool's delivery with the content type its sender declares.</summary>
    public static IEnumerable<(string Tool, string Type, string Body)> Everything =>
    [
        ("typeform", Json, DecodingTests.TypeformBody), ("surveymonkey", "application/vnd.surveymonkey.response.v1+json", SurveyMonkey), ("qualtrics", Form, Qualtrics),
        ("jotform", Multipart, Jotform()), ("tally", Json, Tally), ("formbricks", Json, Formbricks), ("smartsurvey", Json, SmartSurvey),
        ("formstack", Json, FormstackJson), ("formstack", Form, FormstackForm), ("kobotoolbox", Json, KoboJson), ("kobotoolbox", "application/xml; charset=utf-8", KoboXml),
        ("paperform", Json, Paperform), ("limesurvey", Json, LimeSurvey), ("microsoftforms", "application/json; charset=utf-8", MicrosoftForms), ("googleforms", Json, GoogleForms),
        ("standardwebhooks", Json, $$"""{"type":"response","timestamp":"2026-11-02T09:30:00Z","data":{{Ours}}}"""), ("cloudevents", "application/cloudevents+json", CloudEvent),
        ("cloudevents", "application/cloudevents-batch+json", $"[{CloudEvent}]"), ("json", Json, Ours),
    ];

    public static Delivery By(string type, string body, params (string Name, string Value)[] headers) => By(type, Encoding.UTF8.GetBytes(body), headers);

    public static Delivery By(string type, ReadOnlyMemory<byte> body, params (string Name, string Value)[] headers) =>
        Delivery.From(body, headers.Append(("Content-Type", type)).Select(header => KeyValuePair.Create(header.Item1, header.Item2)), Received);
}
