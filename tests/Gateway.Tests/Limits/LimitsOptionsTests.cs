namespace MeshGrains.Gateway.Tests.Limits;

public sealed class LimitsOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.True(new LimitsOptionsValidator().Validate(null, new LimitsOptions()).Succeeded);

    [Fact]
    public void Every_limit_out_of_range_is_named_with_its_range()
    {
        foreach (var property in typeof(LimitsOptions).GetProperties())
        {
            var options = new LimitsOptions();
            property.SetValue(options, property.PropertyType == typeof(TimeSpan) ? TimeSpan.FromSeconds(-1)
                : property.PropertyType == typeof(double) ? double.NaN
                : Convert.ChangeType(-1, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));
            var failure = Assert.Single(new LimitsOptionsValidator().Validate(null, options).Failures!);
            Assert.Contains($"limits.{property.Name}", failure, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("must be", failure, StringComparison.Ordinal);
        }
    }
}
