using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What operators set up, and can list.</summary>
public sealed class SetUpTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    [Fact]
    public async Task What_was_set_up_is_listed()
    {
        await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre);
        await pipeline.PutAsync("/api/waves/2031-autumn", """{"title":"Autumn 2031","from":"2031-09-01","to":"2031-12-20"}""");
        await pipeline.PutAsync("/api/milestones/O1.1", """{"status":"in_progress","on":"2026-03-01"}""");
        var instrument = Assert.Single((await ListAsync("/api/instruments")).GetProperty("instruments").EnumerateArray(), one => Text(one, "id") == "teachers-pre");
        Assert.Equal((1, "tPre", "teachers_typeform"), (Number(instrument, "version"), Text(instrument.GetProperty("form"), "id"), Text(instrument.GetProperty("form"), "source")));
        Assert.Single((await ListAsync("/api/waves")).GetProperty("waves").EnumerateArray(), one => Text(one, "id") == "2031-autumn");
        Assert.Single((await ListAsync("/api/milestones")).GetProperty("milestones").EnumerateArray(), one => Text(one, "id") == "O1.1");
    }

    private async Task<JsonElement> ListAsync(string path) => await Pipeline.JsonAsync(await pipeline.Http.GetAsync(path));

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();
}
