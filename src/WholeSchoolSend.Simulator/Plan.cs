namespace WholeSchoolSend.Simulator;

/// <summary>Everything that will be sent, made beforehand: the same seed, scale and secret give the same bytes.</summary>
internal sealed record Plan(
    Schools Schools, byte[] Register, byte[] Engagements, IReadOnlyList<Delivery> Deliveries, byte[] Poll2025, byte[] Draft2026, byte[] Poll2026,
    Organisations Organisations, IReadOnlyList<Delivery> Interviews)
{
    /// <param name="secret">of the teachers' forms.</param>
    /// <param name="interviews">the secret of interviews and case studies.</param>
    public static Plan From(ulong seed, Scale scale, string secret, string interviews)
    {
        var chance = new Chance(seed);
        var schools = Schools.From(chance, scale);
        var first = Leaders.From(chance, scale, schools, Programme.Autumn2025);
        var second = Leaders.From(chance, scale, schools, Programme.Autumn2026);
        var organisations = Organisations.From(chance, schools);
        return new(
            schools, schools.RegisterFile(), schools.EngagementsFile(),
            Typeform.Deliveries(chance, Teachers.From(chance, scale, schools), secret),
            Poll.File(first, Programme.Autumn2025), Poll.Draft(second, Programme.Autumn2026), Poll.File(second, Programme.Autumn2026),
            organisations, organisations.Deliveries(interviews));
    }
}
