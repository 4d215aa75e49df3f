using System.Globalization;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core;

namespace WholeSchoolSend.Functions;

/// <summary>Documents that operators put.</summary>
internal static class Documents
{
    /// <summary>The largest, in bytes.</summary>
    public const int Largest = 256 * 1024;

    public static IResult TooLarge() =>
        Responses.From(Problems.BodyTooLarge.At("", string.Create(CultureInfo.InvariantCulture, $"should be at most {Largest} bytes")));
}
