namespace WholeSchoolSend.Simulator;

/// <summary>Everything that will be sent, made beforehand: the same seed, scale and secret give the same bytes.</summary>
internal sealed record Plan(
    Schools Schools, byte[] Register, byte[] Engagements, IReadOnlyList<Delivery> Deliveries, byte[] Poll2025, byte[] Draft2026, byte[] Poll2026)
{
    public static Plan From(ulong seed, Scale scale, string secret)
    {
        var chance = new Chance(seed);
        var schools = Schools.From(chance, scale);
        var first = Leaders.From(chance, scale, schools, Programme.Autumn2025);
        var second = Leaders.From(chance, scale, schools, Programme.Autumn2026);
        return new(
            schools, schools.RegisterFile(), schools.EngagementsFile(),
            Typeform.Deliveries(chance, Teachers.From(chance, scale, schools), secret),
            Poll.File(first, Programme.Autumn2025), Poll.Draft(second, Programme.Autumn2026), Poll.File(second, Programme.Autumn2026));
    }
}
